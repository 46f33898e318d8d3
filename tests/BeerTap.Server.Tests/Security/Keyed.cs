using System.Net.Http.Headers;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Security;

/// <summary>Keys for a hub under test, and calls that bring one.</summary>
internal static class Keyed
{
    /// <summary>A hub that has a key, which is an operator's, and lets nobody read without one.</summary>
    public static async Task<(HubUnderTest Hub, string Operator)> StartAsync(params string[] settings)
    {
        var hub = await HubUnderTest.StartAsync(["--Security:Reading=keys", .. settings]);
        return (hub, (await hub.KeyAsync(Role.Operator)).Text);
    }

    public static async Task<(string Id, string Text)> KeyAsync(this HubUnderTest hub, Role role, int? tapId = null)
    {
        var (key, text) = await hub.Keys().AddAsync(new KeyWish(role, tapId ?? (role == Role.Tap ? 1 : null), null), NullLogger.Instance, default);
        return (key.Id, text);
    }

    public static ApiKeys Keys(this HubUnderTest hub) => hub.Services.GetRequiredService<ApiKeys>();

    /// <summary>Sends a request and returns when its headers are answered, with the key as a bearer's.</summary>
    public static async Task<HttpResponseMessage> SendAsync(this HubUnderTest hub, string method, string path, string? key = null, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null) request.Content = body.AsJson();
        return await hub.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public static async Task<int> StatusAsync(this HubUnderTest hub, string method, string path, string? key = null, string? body = null)
    {
        using var answer = await hub.SendAsync(method, path, key, body);
        return (int)answer.StatusCode;
    }

    public static async Task<string> ProblemAsync(this HttpResponseMessage answer)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return ((string)(await answer.JsonAsync())["type"]!).Replace("urn:beertap:problem:", "", StringComparison.Ordinal);
    }

    /// <summary>Waits until something holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, TimeSpan? patience = null)
    {
        using var end = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(20));
        using var poll = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await holds()) await poll.WaitForNextTickAsync(end.Token);
    }

    /// <summary>Holds a promise of a second against the clock, as <see cref="WithinAsync"/>.</summary>
    public static Task WithinASecondAsync(Func<Task<TimeSpan>> attempt) => WithinAsync(TimeSpan.FromSeconds(1), attempt);

    /// <summary>
    /// Holds a promise of a time against the clock, up to three times: a machine that has other things to do may hold up one attempt, a hub that is too slow is
    /// so in each.
    /// </summary>
    /// <param name="attempt">Makes a hub of its own and gives how long it took.</param>
    public static async Task WithinAsync(TimeSpan promised, Func<Task<TimeSpan>> attempt)
    {
        var took = new List<TimeSpan>();
        do took.Add(await attempt());
        while (took[^1] >= promised && took.Count < 3);
        Assert.True(took[^1] < promised, $"it took {string.Join(", ", took)}");
    }
}
