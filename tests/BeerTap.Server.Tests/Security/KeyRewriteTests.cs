using System.Diagnostics;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using BeerTap.Server.Tests.Live;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Security;

/// <summary>Files of keys that are written anew in their place, deleted, or changed behind a link, under a running hub.</summary>
public sealed class KeyRewriteTests : IDisposable
{
    private const string Key = "0123456789abcdef0123456789abcdef", Other = "fedcba9876543210fedcba9876543210";

    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-keys-").FullName;
    private readonly SteppedClock _clock = new();

    private string Secret => Path.Combine(_folder, "secret");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("01234567")]
    [InlineData(null)]
    public Task ASecretThatIsNotWholeForAMomentKeepsItsHoldersConnected(string? halfWritten) => Keyed.WithinASecondAsync(async () =>
    {
        await File.WriteAllTextAsync(Secret, Key);
        await using var hub = await HubUnderTest.StartAsync("--Security:Reading=keys", $"--Security:ViewerKeyFile={Secret}");
        await using var listener = await Listener.ConnectAsync("websocket", hub, key: Key);

        await SpoilAsync(Secret, halfWritten);
        hub.Keys().RefreshIfChanged(NullLogger.Instance);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", Key));
        await File.WriteAllTextAsync(Secret, Key);
        hub.Keys().RefreshIfChanged(NullLogger.Instance);
        await hub.Keys().AddAsync(new KeyWish(Role.Operator, null, null), NullLogger.Instance, default);
        await hub.UntilConnectionsAsync(1);

        // Whole again with another key, it is believed at once.
        var began = Stopwatch.GetTimestamp();
        await File.WriteAllTextAsync(Secret, Other);
        Assert.Equal("notAllowed", (string?)Assert.Single(await listener.UntilClosedAsync())["reason"]);
        return Stopwatch.GetElapsedTime(began);
    });

    [Fact]
    public Task ASecretThatStaysAwayIsTakenBackAndItsConnectionsClosed() => Keyed.WithinAsync(FileDoubts.Patience * 2, async () =>
    {
        await File.WriteAllTextAsync(Secret, Key);
        await using var hub = await HubUnderTest.StartAsync("--Security:Reading=keys", $"--Security:ViewerKeyFile={Secret}");
        await using var listener = await Listener.ConnectAsync("websocket", hub, key: Key);

        var began = Stopwatch.GetTimestamp();
        await SpoilAsync(Secret, null);
        Assert.Equal("notAllowed", (string?)Assert.Single(await listener.UntilClosedAsync())["reason"]);
        var took = Stopwatch.GetElapsedTime(began);
        Assert.True(took >= FileDoubts.Patience, $"it was believed to be away after {took}");
        Assert.Equal(401, await hub.StatusAsync("GET", "/api/beers", Key));
        return took;
    });

    [Fact]
    public async Task TheFileOfMadeKeysMayBeAwayForAMomentButNotForGood()
    {
        var keys = await KeysAsync();
        var (_, text) = await keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        var path = Path.Combine(_folder, KeyFile.Name);
        var content = await File.ReadAllBytesAsync(path);

        File.Delete(path);
        keys.RefreshIfChanged(NullLogger.Instance);
        Assert.NotNull(keys.Find(text));
        await File.WriteAllBytesAsync(path, content);
        _clock.Advance(FileDoubts.Patience);
        keys.RefreshIfChanged(NullLogger.Instance);
        Assert.NotNull(keys.Find(text));

        File.Delete(path);
        keys.RefreshIfChanged(NullLogger.Instance);
        _clock.Advance(FileDoubts.Patience);
        keys.RefreshIfChanged(NullLogger.Instance);
        Assert.Null(keys.Find(text));
        Assert.NotNull(keys.Find(Key));
    }

    [Fact]
    public async Task AKeyFileThatIsNotUnderstoodHoldsUpNoOtherFilesRevocation()
    {
        var keys = await KeysAsync();
        var (_, text) = await keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        await File.WriteAllTextAsync(Path.Combine(_folder, KeyFile.Name), "{");
        await File.WriteAllTextAsync(Secret, Other);
        keys.RefreshIfChanged(NullLogger.Instance);
        Assert.Null(keys.Find(Key));
        Assert.NotNull(keys.Find(Other));
        Assert.NotNull(keys.Find(text));
    }

    [Fact]
    public async Task TakingBackAKeyThatIsNotThereWritesNothing()
    {
        var keys = await KeysAsync();
        var (key, text) = await keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        var path = Path.Combine(_folder, KeyFile.Name);
        File.Move(path, path + ".away");
        Assert.Null(await keys.RevokeAsync(key.Id, NullLogger.Instance, default));
        Assert.False(File.Exists(path));
        Assert.NotNull(keys.Find(text));
    }

    [Fact]
    public async Task MakingAKeyWhileTheFileIsAwayTakesNoOtherBack()
    {
        var keys = await KeysAsync();
        var (key, text) = await keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default);
        var path = Path.Combine(_folder, KeyFile.Name);
        File.Move(path, path + ".away");
        await Assert.ThrowsAsync<KeyFileException>(() => keys.AddAsync(new KeyWish(Role.Viewer, null, null), NullLogger.Instance, default));
        Assert.False(File.Exists(path));
        Assert.NotNull(keys.Find(text));
        Assert.True(keys.IsGood(key));
    }

    [Fact]
    public async Task AKeyWhoseFileChangedIsNoLongerGoodThoughItsIdIs()
    {
        var keys = await KeysAsync();
        var before = keys.All.Single();
        Assert.True(keys.IsGood(before));
        await File.WriteAllTextAsync(Secret, Other);
        keys.RefreshIfChanged(NullLogger.Instance);
        Assert.True(keys.IsGood(before.Id));
        Assert.False(keys.IsGood(before));
    }

    /// <summary>As orchestrators mount secrets: the configured name is a link through a folder that is a link, and only the latter is changed.</summary>
    [Fact]
    public async Task ASecretBehindALinkIsFollowed()
    {
        if (OperatingSystem.IsWindows()) return;
        var (folder, link, before) = (Path.Combine(_folder, "..data"), Path.Combine(_folder, "key"), File.GetLastWriteTimeUtc(_folder).AddDays(-1));
        foreach (var (version, text) in new[] { ("1", Key), ("2", Other) })
        {
            var file = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, version)).FullName, "key");
            await File.WriteAllTextAsync(file, text);
            File.SetLastWriteTimeUtc(file, before.AddMinutes(version[0]));
        }

        Directory.CreateSymbolicLink(folder, Path.Combine(_folder, "1"));
        File.CreateSymbolicLink(link, Path.Combine("..data", "key"));
        var keys = new ApiKeys(new SecurityOptions { ViewerKeyFile = link }, _folder, new LaterClock(), Assert.Fail);
        Assert.NotNull(keys.Find(Key));

        Directory.Delete(folder);
        Directory.CreateSymbolicLink(folder, Path.Combine(_folder, "2"));
        keys.RefreshIfChanged(NullLogger.Instance);
        Assert.Null(keys.Find(Key));
        Assert.NotNull(keys.Find(Other));
    }

    private static Task SpoilAsync(string path, string? content)
    {
        if (content is not null) return File.WriteAllTextAsync(path, content);
        File.Delete(path);
        return Task.CompletedTask;
    }

    private async Task<ApiKeys> KeysAsync()
    {
        await File.WriteAllTextAsync(Secret, Key);
        return new ApiKeys(new SecurityOptions { ViewerKeyFile = Secret }, _folder, _clock, Assert.Fail);
    }

    /// <summary>By which every file was changed long ago.</summary>
    private sealed class LaterClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddDays(1);
    }

    /// <summary>A clock that goes when told to.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private TimeSpan _gone;

        public void Advance(TimeSpan by) => _gone += by;

        public override long GetTimestamp() => _gone.Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    }
}
