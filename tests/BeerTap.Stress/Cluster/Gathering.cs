using BeerTap.Stress.Herd;
using BeerTap.Stress.Pours;

namespace BeerTap.Stress.Cluster;

/// <summary>Listeners who came while the log was away, and stay.</summary>
internal sealed class Gathering : IAsyncDisposable
{
    private readonly List<Listeners> _groups = [];

    /// <summary>New listeners come to each hub and want everything from the beginning; they must come to where their hub stands.</summary>
    public async Task JoinAsync(Hubs hubs, int count, PourBook book, Verdict verdict, CancellationToken cancel)
    {
        var group = Listeners.Mixed(hubs.Addresses, count, book);
        _groups.Add(group);
        await group.ConnectAsync(() => "earliest", cancel);
        var heads = new Dictionary<Uri, long>();
        foreach (var http in hubs.Clients) heads[http.BaseAddress!] = long.Parse((await Hubs.PositionAsync(http, cancel)).Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);
        var there = await Listeners.UntilAsync(group.All, listener => listener.Heard.Seq >= heads[listener.Hub] || listener.Heard.Fault is not null, TimeSpan.FromSeconds(60), cancel);
        verdict.Check(there == count && group.All.All(listener => listener.Heard.Fault is null), $"{there} of {count} new listeners heard all from the beginning to position {string.Join(", ", heads.Values)}");
    }

    public async Task CheckHeardAllAsync(long head, Verdict verdict, CancellationToken cancel)
    {
        foreach (var group in _groups) await group.CheckHeardAllAsync(head, verdict, cancel);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var group in _groups) await group.DisposeAsync();
    }
}
