using BeerTap.Server.Hosting;
using BeerTap.Server.Security;
using BeerTap.Server.Tests.Hosting;

namespace BeerTap.Server.Tests.Security;

/// <summary>What a hub needs before it lets others reach it.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("beertap-keys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("--urls=http://0.0.0.0:0")]
    [InlineData("--urls=http://*:0")]
    [InlineData("--urls=http://[::]:0")]
    [InlineData("--urls=http://hub.example:0")]
    [InlineData("--urls=http://127.0.0.1:0;http://+:0")]
    [InlineData("--urls=http://unix:/tmp/hub.sock")]
    [InlineData("--http_ports=8080")]
    [InlineData("--https_ports=8443")]
    [InlineData("--Kestrel:Endpoints:Web:Url=http://0.0.0.0:0")]
    public async Task AHubThatOthersCanReachDoesNotStartWithoutAKeyAndSaysHowToMakeOne(string address)
    {
        var fault = await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync([address, $"--Storage:Path={_folder}", "--Logging:Level=Fatal"]));
        Assert.Contains($"dotnet run --project Server -- keys add --role operator --Storage:Path={_folder}", Assert.Single(fault.Faults), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData("http://localhost:0", true)]
    [InlineData("http://127.0.0.1:0;http://[::1]:0", true)]
    [InlineData("http://127.0.0.2:80", true)]
    [InlineData("http://10.0.0.1:80", false)]
    [InlineData("http://localhost.evil.example:80", false)]
    [InlineData("http://127.evil.example:80", false)]
    [InlineData("nonsense", false)]
    public void OnlyLoopbackIsThisMachine(string urls, bool here)
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationManager { ["urls"] = urls };
        Assert.Equal(here, ThisMachine.AddressesOfOthers(configuration).Count == 0);
    }

    [Fact]
    public async Task AKeyThatWasRevokedIsNoKeyToStartWith()
    {
        var file = new KeyFile(_folder, TimeProvider.System);
        var (key, _) = await file.AddAsync(new KeyWish(Role.Operator, null, null), default);
        await file.RevokeAsync(key.Id, default);
        await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync(["--urls=http://0.0.0.0:0", $"--Storage:Path={_folder}", "--Logging:Level=Fatal"]));
    }

    [Fact]
    public async Task AHubThatIsNeverOpenNeedsAKeyOnLoopbackToo()
    {
        var fault = await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync(["--urls=http://127.0.0.1:0", "--Security:Open=never", $"--Storage:Path={_folder}", "--Logging:Level=Fatal"]));
        Assert.Contains("keys add", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeysFromFilesServeAHubThatOthersCanReach()
    {
        var (operatorKey, tapKey) = (await FileAsync("operator", "0123456789abcdef0123456789abcdef\n"), await FileAsync("tap", "fedcba9876543210fedcba9876543210"));
        await using var hub = await HubUnderTest.StartAsync(
            "--urls=http://0.0.0.0:0", $"--Security:OperatorKeyFile={operatorKey}", $"--Security:TapKeyFile={tapKey}");
        const string boss = "0123456789abcdef0123456789abcdef", taps = "fedcba9876543210fedcba9876543210";
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers", body: """{"tapId":1,"volume":500}"""));
        foreach (var tap in new[] { 1, 2, 3 }) Assert.Equal(201, await hub.StatusAsync("POST", "/api/beers", taps, $$"""{"tapId":{{tap}},"volume":500}"""));
        Assert.Equal(403, await hub.StatusAsync("DELETE", "/api/beers/1", taps));
        Assert.Equal(204, await hub.StatusAsync("DELETE", "/api/beers/1", boss));
        using (var fixedKey = await hub.SendAsync("DELETE", "/api/keys/file-tap", boss)) Assert.Equal("configured-key", await fixedKey.ProblemAsync());

        // Another secret takes the place of the one before while the hub runs.
        File.Move(await FileAsync("tap.new", "another-key-of-thirty-two-chars-1234"), tapKey, overwrite: true);
        await Keyed.UntilAsync(async () => await hub.StatusAsync("POST", "/api/beers", "another-key-of-thirty-two-chars-1234", """{"tapId":1,"volume":500}""") == 201);
        Assert.Equal(401, await hub.StatusAsync("POST", "/api/beers", taps, """{"tapId":1,"volume":500}"""));
    }

    [Theory]
    [InlineData("short", "32 to 256 characters")]
    [InlineData("", "32 to 256 characters")]
    [InlineData("two words are no key, however long they may be", "without spaces")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "can be guessed")]
    public async Task AWeakKeyInAFileStopsTheStartAndIsNotRepeated(string text, string fault)
    {
        var path = await FileAsync("weak", text);
        var thrown = await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync(
            [$"--Security:TapKeyFile={path}", "--Security:OperatorKeyFile=/nowhere/key", $"--Storage:Path={_folder}", "--Logging:Level=Fatal", "--urls=http://127.0.0.1:0"]));
        Assert.Equal(2, thrown.Faults.Count);
        Assert.Contains(fault, thrown.Message, StringComparison.Ordinal);
        if (text.Length > 0) Assert.DoesNotContain(text, thrown.Message, StringComparison.Ordinal);
    }

    private async Task<string> FileAsync(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }
}
