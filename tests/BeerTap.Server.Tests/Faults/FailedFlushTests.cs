using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using BeerTap.Processes;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using Xunit.Abstractions;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The disk refuses to flush (<c>strace</c> makes each flush fail): nothing is acknowledged that may not be there after a power cut.</summary>
public sealed class FailedFlushTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-flush-").FullName;

    public static TheoryData<string, string> ProvidersAndErrors
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var provider in Setup.Providers)
            {
                foreach (var error in new[] { "EIO", "ENOSPC" }) cases.Add(provider, error);
            }

            return cases;
        }
    }

    [LocalLogTheory("a shared log stores later what was refused"), MemberData(nameof(ProvidersAndErrors))]
    public async Task APourWhoseFlushFailsIsNotAcknowledgedAndNothingIsLostWhenFlushesWorkAgain(string provider, string error)
    {
        if (await FailingFlushes.WhyNotAsync() is { } reason)
        {
            output.WriteLine($"skipped: {reason}");
            return;
        }

        await using var hub = new HubProcess($"--Storage:Provider={provider}");
        await hub.StartAsync();
        using var http = new HttpClient { BaseAddress = hub.Address };
        var acknowledged = 0;
        for (; acknowledged < 5; acknowledged++) Assert.Equal(HttpStatusCode.Created, await PourAsync(http, $"before {acknowledged}"));

        await using (await FailingFlushes.AttachAsync(hub.Id, error))
        {
            for (var i = 0; i < 5; i++) Assert.Equal(HttpStatusCode.ServiceUnavailable, await PourAsync(http, $"refused {i}"));
            await Until.IsSoAsync(async () => !await Until.AnswersAsync(http, "/health/ready", default), "the hub is not ready", Patience, default);
            Assert.Equal(acknowledged, await CountAsync(http));

            // Nobody pours for longer than a commit counts as news: the probe must say it too.
            await Until.IsSoAsync(
                async () => (await http.GetAsync("/health/ready")) is var answer && (await answer.Content.ReadAsStringAsync()).Contains("the disk does not take writes", StringComparison.Ordinal),
                "the probe fails",
                Patience,
                default);
        }

        await Until.IsSoAsync(async () => await PourAsync(http, "after") is HttpStatusCode.Created, "the hub takes pours again", Patience, default);
        acknowledged++;
        await Until.IsSoAsync(() => Until.AnswersAsync(http, "/health/ready", default), "the hub is ready again", Patience, default);
        Assert.Equal(acknowledged, await CountAsync(http));
        await hub.KillAsync();
        await hub.StartAsync();
        Assert.Equal(acknowledged, await CountAsync(http));
        Assert.Equal(HttpStatusCode.OK, await PourAsync(http, "after"));
    }

    [Theory]
    [InlineData("keys add --role viewer"), InlineData("keys revoke ID"), InlineData("backup FILE"), InlineData("restore BACKUP --force"), InlineData("export FILE")]
    public async Task ACommandWhoseFlushFailsFails(string command)
    {
        if (await FailingFlushes.WhyNotAsync() is { } reason)
        {
            output.WriteLine($"skipped: {reason}");
            return;
        }

        var (store, backup) = await CommandStore.MakeAsync(_folder);
        var id = new KeyFile(store, TimeProvider.System).Read()[0].Id;
        foreach (var call in FailingFlushes.Calls.Split(','))
        {
            // strace counts each call by itself: 'fdatasync' is that of files, 'fsync' that of folders.
            var failed = 0;
            while (await FailsAtAsync(call, failed + 1)) failed++;
            output.WriteLine($"{failed} calls of {call} failed, one in each run");
            Assert.True(failed > 0, $"the command never called {call}");
        }

        var check = await HubCommand.RunAsync("check", $"--Storage:Path={store}");
        Assert.True(check.Code == 0, check.Output + check.Errors);

        async Task<bool> FailsAtAsync(string call, int number)
        {
            var (trace, file) = (Path.Combine(_folder, "trace"), Path.Combine(_folder, $"{call}-{number}.csv"));
            var words = command.Split(' ').Select(word => word switch { "ID" => id, "FILE" => file, "BACKUP" => backup, _ => word });
            var (code, said) = await TracedCommand.RunAsync(trace, $"{call}:error=EIO:when={number}", [.. words, $"--Storage:Path={store}"]);
            if (!(await File.ReadAllTextAsync(trace)).Contains("(INJECTED)", StringComparison.Ordinal))
            {
                Assert.True(code == 0, said);
                return false;
            }

            Assert.True(code != 0, $"{call} {number} failed and the command ended with 0: {said}");
            Assert.Contains("could not be flushed", said, StringComparison.Ordinal);
            Assert.False(File.Exists(file), $"a file is left though {call} {number} failed");
            return true;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<HttpStatusCode> PourAsync(HttpClient http, string pourId)
    {
        using var answer = await http.PostAsJsonAsync("/api/beers", new { tapId = 1, volume = 300, pourId });
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable) Assert.True(answer.Headers.Contains("Retry-After"));
        return answer.StatusCode;
    }

    private static async Task<int> CountAsync(HttpClient http)
    {
        var events = JsonNode.Parse(await http.GetStringAsync("/api/events?limit=1000&after=earliest"))!["events"]!.AsArray();
        Assert.Equal(events.Count, (int)JsonNode.Parse(await http.GetStringAsync("/api/beers?page_size=1"))!["total"]!);
        return events.Count;
    }
}
