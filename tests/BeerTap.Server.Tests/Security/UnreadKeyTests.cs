using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Security;

/// <summary>Files of keys that are there and cannot be read, or are not whole: what was read before counts, however long it lasts.</summary>
public sealed class UnreadKeyTests : IDisposable
{
    private const string Key = "0123456789abcdef0123456789abcdef", Other = "fedcba9876543210fedcba9876543210";

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-keys-").FullName;
    private readonly SteppedClock _clock = new();
    private readonly Lines _log = new();

    private string Secret => Path.Combine(_folder, "secret");

    private string Stored => Path.Combine(_folder, KeyFile.Name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A folder and a circle of links in the file's place fail as a disk or a lack of descriptors does: not as a file that is missing.</summary>
    [Theory]
    [InlineData("folder")]
    [InlineData("circle")]
    [InlineData("empty")]
    [InlineData("half")]
    public async Task ASecretThatCannotBeReadChangesNothingAndIsLoggedOnce(string how)
    {
        if (how == "circle" && OperatingSystem.IsWindows())
        {
            return;
        }

        await File.WriteAllTextAsync(Secret, Key);
        var keys = new ApiKeys(new SecurityOptions { ViewerKeyFile = Secret }, _folder, _clock, Assert.Fail);
        await SpoilAsync(Secret, how);
        Pass(keys);
        Assert.NotNull(keys.Find(Key));
        Assert.Contains(Secret, keys.Trouble, StringComparison.Ordinal);
        Assert.Single(_log.Errors);

        await RestoreAsync(Secret, Other);
        Pass(keys);
        Assert.Null(keys.Trouble);
        Assert.Null(keys.Find(Key));
        Assert.NotNull(keys.Find(Other));
        Assert.Single(_log.Errors);
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("circle")]
    [InlineData("empty")]
    [InlineData("half")]
    public async Task StoredKeysThatCannotBeReadStayAndAreLoggedOnce(string how)
    {
        if (how == "circle" && OperatingSystem.IsWindows())
        {
            return;
        }

        var keys = new ApiKeys(new SecurityOptions(), _folder, _clock, Assert.Fail);
        var (key, text) = await keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        var content = await File.ReadAllTextAsync(Stored);
        await SpoilAsync(Stored, how);
        Pass(keys);
        Assert.True(keys.IsGood(key));
        Assert.NotNull(keys.Find(text));
        await Assert.ThrowsAsync<KeyFileException>(() => keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default));
        Assert.NotNull(keys.Trouble);
        Assert.Single(_log.Errors);

        await RestoreAsync(Stored, content);
        Pass(keys);
        Assert.Null(keys.Trouble);
        Assert.NotNull(keys.Find(text));
    }

    [Fact]
    public async Task ListenersStayAndHealthSaysThatTheKeysAreNotRead()
    {
        await File.WriteAllTextAsync(Secret, Key);
        await using var hub = await HubUnderTest.StartAsync("--Security:Reading=keys", $"--Security:ViewerKeyFile={Secret}");
        await using var listener = await Listener.ConnectAsync("websocket", hub, key: Key);
        File.Delete(Secret);
        Directory.CreateDirectory(Secret);
        await Keyed.UntilAsync(async () => (await ReadyAsync(hub))["checks"]!["keys"] is { } check && (string?)check["status"] == "degraded");
        Assert.Equal("ready", (string?)(await ReadyAsync(hub))["status"]);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", Key));
        await hub.UntilConnectionsAsync(1);

        await RestoreAsync(Secret, Key);
        await Keyed.UntilAsync(async () => (await ReadyAsync(hub))["checks"]!["keys"] is null);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", Key));
        await hub.UntilConnectionsAsync(1);
    }

    [Fact]
    public async Task AFileWhoseTimeIsInTheFutureIsNotReadAgainAndAgain()
    {
        await File.WriteAllTextAsync(Secret, Key);
        File.SetLastWriteTimeUtc(Secret, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(400));
        var keys = new ApiKeys(new SecurityOptions { ViewerKeyFile = Secret }, _folder, _clock, Assert.Fail);
        Pass(keys);
        var reads = 0;
        keys.Refreshed += () => reads++;
        Pass(keys);
        Assert.Equal(0, reads);

        // What is changed within one tick of the file system's clock is still seen.
        await File.WriteAllTextAsync(Secret, Other);
        keys.RefreshIfChanged(_log);
        Assert.NotNull(keys.Find(Other));
        var time = File.GetLastWriteTimeUtc(Secret);
        await File.WriteAllTextAsync(Secret, Key);
        File.SetLastWriteTimeUtc(Secret, time);
        keys.RefreshIfChanged(_log);
        Assert.NotNull(keys.Find(Key));
        Assert.Null(keys.Find(Other));
    }

    [Fact]
    public async Task TimesOfUseThatCouldNotBeReadAtTheStartAreNotOverwritten()
    {
        var path = Path.Combine(_folder, KeyUses.Name);
        Directory.CreateDirectory(path);
        var uses = new KeyUses(_folder);
        uses.Mark(uses.Of("new"), TimeProvider.System.GetUtcNow());
        Assert.Throws<UnauthorizedAccessException>(uses.Save);
        Directory.Delete(path);
        await File.WriteAllTextAsync(path, """{"old":"2026-01-01T00:00:00Z"}""");
        uses.Save();
        var written = await File.ReadAllTextAsync(path);
        Assert.Contains("old", written, StringComparison.Ordinal);
        Assert.Contains("new", written, StringComparison.Ordinal);
    }

    private static async Task<System.Text.Json.Nodes.JsonObject> ReadyAsync(HubUnderTest hub)
    {
        using var answer = await hub.Http.GetAsync("/health/ready");
        return await answer.JsonAsync();
    }

    /// <summary>Looks at the files as the hub does, for much longer than a missing file is waited for.</summary>
    private void Pass(ApiKeys keys)
    {
        for (var i = 0; i < 20; i++)
        {
            keys.RefreshIfChanged(_log);
            _clock.Advance(FileDoubts.Patience / 2);
        }
    }

    private static async Task SpoilAsync(string path, string how)
    {
        var content = await File.ReadAllTextAsync(path);
        File.Delete(path);
        if (how == "folder")
        {
            Directory.CreateDirectory(path);
        }
        else if (how == "circle")
        {
            File.CreateSymbolicLink(path, path);
        }
        else
        {
            await File.WriteAllTextAsync(path, how == "half" ? content[..(content.Length / 2)] : "");
        }
    }

    private static async Task RestoreAsync(string path, string content)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
        else
        {
            File.Delete(path);
        }

        await File.WriteAllTextAsync(path, content);
    }

    private sealed class Lines : ILogger
    {
        public List<string> Errors { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Error)
            {
                Errors.Add(formatter(state, exception));
            }
        }
    }

    private sealed class SteppedClock : TimeProvider
    {
        private TimeSpan _gone;

        public void Advance(TimeSpan by) => _gone += by;

        public override long GetTimestamp() => _gone.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
