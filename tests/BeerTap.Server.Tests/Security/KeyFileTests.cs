using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace BeerTap.Server.Tests.Security;

/// <summary>The keys on the disk, and the command line that writes them beside the hub.</summary>
public sealed class KeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-keys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ManyWritersAtOnceLoseNothing()
    {
        var made = await Task.WhenAll(Enumerable.Range(1, 20).Select(tap => Task.Run(() => CommandAsync("add", "--role", "tap", $"--tap={tap}"))));
        Assert.All(made, answer => Assert.Equal(0, answer.Code));
        var keys = new KeyFile(_folder, TimeProvider.System).Read();
        Assert.Equal(Enumerable.Range(1, 20), keys.Select(key => key.TapId!.Value).Order());
        Assert.Equal(made.Select(answer => KeyText.HashOf(answer.Out)).Order(), keys.Select(key => key.Hash).Order());
        Assert.Equal(20, keys.Select(key => key.Id).Distinct().Count());
    }

    [Fact]
    public async Task TheCommandLineWorksBeforeTheHubEverRanAndListsWhatItMade()
    {
        var (_, key, said) = await CommandAsync("add", "--role", "operator", "--name", "the boss");
        Assert.Matches("^bt_[A-Za-z0-9_-]{43}$", key);
        Assert.DoesNotContain(key, said, StringComparison.Ordinal);
        var id = new KeyFile(_folder, TimeProvider.System).Read().Single().Id;

        Assert.Contains("the boss", (await CommandAsync("list")).Out, StringComparison.Ordinal);
        Assert.Equal(0, (await CommandAsync("revoke", id)).Code);
        Assert.Equal(0, (await CommandAsync("revoke", id)).Code);
        Assert.NotNull(new KeyFile(_folder, TimeProvider.System).Read().Single().Revoked);
        Assert.DoesNotContain(key, string.Concat(Directory.GetFiles(_folder).Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADraftThatAKillLeftBehindLendsItsPermissionsToNobody()
    {
        if (OperatingSystem.IsWindows()) return;
        var draft = Path.Combine(_folder, KeyFile.Name + ".new");
        await File.WriteAllTextAsync(draft, "half of");
        File.SetUnixFileMode(draft, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        Assert.Equal(0, (await CommandAsync("add", "--role", "operator")).Code);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, KeyFile.Name)));
        Assert.False(File.Exists(draft));
    }

    [Theory]
    [InlineData("add", "--role is required")]
    [InlineData("add --role tap", "--tap is required")]
    [InlineData("add --role tap --tap 0", "--tap must be")]
    [InlineData("add --role tap --tap x", "--tap must be")]
    [InlineData("add --role viewer --tap 1", "--tap belongs to")]
    [InlineData("add --role boss", "--role must be one of tap, viewer, operator")]
    [InlineData("add --role", "--role needs a value")]
    [InlineData("add --role tap --tap 1 --tap 2", "more than once")]
    [InlineData("add --role viewer --colour red", "--colour is not an option")]
    [InlineData("add viewer", "one word too many")]
    [InlineData("list --role tap", "belongs to 'keys add'")]
    [InlineData("revoke", "needs the id")]
    [InlineData("revoke nobody", "no key with this id")]
    [InlineData("drop", "Say what to do")]
    public async Task AWrongCommandSaysWhatIsWrongAndMakesNothing(string line, string fault)
    {
        var (code, answer, said) = await CommandAsync(line.Split(' '));
        Assert.Equal(2, code);
        Assert.Equal("", answer);
        Assert.Contains(fault, said, StringComparison.Ordinal);
        Assert.Empty(new KeyFile(_folder, TimeProvider.System).Read());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"version":2,"keys":[]}""")]
    [InlineData("""{"version":1}""")]
    [InlineData("""{"version":1,"keys":[null]}""")]
    [InlineData("""{"version":1,"keys":[{"id":"a","role":"king","hash":"00"}]}""")]
    [InlineData("""{"version":1,"keys":[{"id":"a","role":"tap","hash":"00"}]}""")]
    public async Task AKeyFileThatIsNotUnderstoodStopsTheStartAndIsNeverWrittenOver(string content)
    {
        var path = Path.Combine(_folder, KeyFile.Name);
        await File.WriteAllTextAsync(path, content);
        var fault = await Assert.ThrowsAsync<KeyFileException>(() => Program.BuildAsync([$"--Storage:Path={_folder}", "--urls=http://127.0.0.1:0", "--Logging:Level=Fatal"]));
        Assert.True(Refusal.Explains(fault));
        Assert.Equal(2, (await CommandAsync("add", "--role", "viewer")).Code);
        Assert.Equal(content, await File.ReadAllTextAsync(path));
    }

    [Fact]
    public async Task AKeyFileThatIsSpoiltUnderARunningHubLetsNobodyInOrOut()
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;
        await File.WriteAllTextAsync(Path.Combine(hub.Folder, KeyFile.Name), "{");
        hub.Keys().RefreshIfChanged(NullLogger.Instance);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", master));
        Assert.Equal(401, await hub.StatusAsync("GET", "/api/beers"));
        Assert.Equal(503, await hub.StatusAsync("POST", "/api/keys", master, """{"role":"viewer"}"""));

        // Deleted, there is no key any more; the hub does not open all the same.
        File.Delete(Path.Combine(hub.Folder, KeyFile.Name));
        await Keyed.UntilAsync(async () => await hub.StatusAsync("GET", "/api/beers", master) == 401);
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers", body: """{"tapId":1,"volume":500}"""));
    }

    [Fact]
    public async Task LastUseOutlivesARestartAndNeverUndoesARevocation()
    {
        var (hub, master) = await Keyed.StartAsync();
        await using var _ = hub;
        var (id, key) = await hub.KeyAsync(Role.Viewer);
        Assert.Equal(200, await hub.StatusAsync("GET", "/api/beers", key));

        // The command line revokes; the hub, which may not know yet, stops and writes down when keys were used.
        await new KeyFile(hub.Folder, TimeProvider.System).RevokeAsync(id, default);
        await hub.RestartAsync();

        Assert.Equal(401, await hub.StatusAsync("GET", "/api/beers", key));
        using var answer = await hub.SendAsync("GET", "/api/keys", master);
        var listed = (await answer.JsonAsync())["keys"]!.AsArray().Single(entry => (string?)entry!["id"] == id)!.AsObject();
        Assert.NotNull(listed["revoked"]);
        Assert.NotNull(listed["lastUsed"]);
    }

    [Fact]
    public void OnlyItsOwnerReadsTheFile()
    {
        if (OperatingSystem.IsWindows()) return;
        AtomicFile.Write(Path.Combine(_folder, KeyFile.Name), "x"u8);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, KeyFile.Name)));
    }

    private async Task<(int Code, string Out, string Said)> CommandAsync(params string[] words)
    {
        using var answer = new StringWriter();
        using var said = new StringWriter();
        var code = await KeysCommand.RunAsync([.. words, $"--Storage:Path={_folder}"], answer, said);
        return (code, answer.ToString().Trim(), said.ToString());
    }
}
