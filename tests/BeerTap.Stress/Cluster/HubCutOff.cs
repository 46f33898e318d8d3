using System.Net;
using BeerTap.Processes;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Cluster;

/// <summary>The last hub loses all brokers while it holds posts; the others do not.</summary>
internal sealed class HubCutOff(Hubs hubs, Cables cables, Probing probing, PourBook book)
{
    private readonly HttpClient _cutOff = hubs.Clients[^1];

    public async Task RunAsync(int posts, Verdict verdict, CancellationToken cancel)
    {
        // Half of them are on their way when the line breaks, half come right after.
        var held = Send(posts / 2).ToList();
        cables.Cut();
        held.AddRange(Send(posts / 2));
        var answers = await Task.WhenAll(held);
        var refused = answers.Where(answer => answer.Id is null).ToList();
        verdict.Check(
            refused.Count > 0 && refused.All(answer => answer.IsUnavailable),
            $"a hub that was cut off with {answers.Length} posts answered each: {answers.Length - refused.Count} taken, {refused.Count} refused, the last after {answers.Max(answer => answer.Took).TotalSeconds:0.0} s{refused.Find(answer => !answer.IsUnavailable)}");

        // The others have the position that this hub has not come to: whoever brings it here must neither be told to reload nor miss anything.
        var elsewhere = await Task.WhenAll(refused.Select(answer => probing.PostAsync(hubs.Clients[0], answer.Number, cancel)));
        verdict.Check(elsewhere.All(answer => answer.Id is not null), $"{elsewhere.Length} refused pours were sent again to another hub, which took them: {elsewhere.Count(answer => answer.Status == HttpStatusCode.Created)} as new, {elsewhere.Count(answer => answer.Status == HttpStatusCode.OK)} it had");
        var position = await Hubs.PositionAsync(hubs.Clients[0], cancel);
        using (var ahead = await _cutOff.GetAsync($"/api/events?after={position}", cancel))
        {
            var text = await ahead.Content.ReadAsStringAsync(cancel);
            verdict.Check(ahead.StatusCode == HttpStatusCode.ServiceUnavailable && text.Contains("not-there-yet", StringComparison.Ordinal), $"who comes from another hub and is ahead is sent on: {(int)ahead.StatusCode}");
        }

        var (_, notReady, reason) = await Probing.UntilAllSayAsync("degraded", [_cutOff], cancel);
        verdict.Check(notReady == 0, $"it stays ready and says: {reason}");
        verdict.Check((await Readiness.AskAsync(hubs.Clients[0], cancel))?.Status == "ok", "the other hubs have nothing to complain of");

        cables.Mend();
        var took = await Until.IsSoAsync(
            async () =>
            {
                using var answer = await _cutOff.GetAsync($"/api/events?after={position}", cancel);
                return answer.IsSuccessStatusCode;
            },
            "the hub that was cut off has caught up",
            TimeSpan.FromSeconds(90),
            cancel);
        Verdict.Say($"it had caught up {took.TotalSeconds:0.0} s after the line was mended");
        await Probing.UntilAllSayAsync("ok", [_cutOff], cancel);
        var again = await Task.WhenAll(answers.Select(answer => probing.PostAsync(_cutOff, answer.Number, cancel)));
        verdict.Check(
            again.All(answer => answer.Status == HttpStatusCode.OK) && book.Contradictions.IsEmpty,
            $"{again.Count(answer => answer.Status == HttpStatusCode.OK)} of {again.Length} pours, sent once more to the hub that was cut off, are the beers they were{again.FirstOrDefault(answer => answer.Status != HttpStatusCode.OK)}");
    }

    private IEnumerable<Task<PostAnswer>> Send(int posts) => Enumerable.Range(0, posts).Select(_ => probing.PostAsync(_cutOff, book.Next(), CancellationToken.None));
}
