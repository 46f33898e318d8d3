using BeerTap.Server.Hosting;
using BeerTap.Server.Replication;

namespace BeerTap.Server.Tests.Replication;

public sealed class ReplicationOptionsTests
{
    [Theory]
    [InlineData("", "Log:ConnectionString is missing")]
    [InlineData("localhost:5672", "amqp://user:password@host:5672")]
    [InlineData("http://localhost", "one of them is none")]
    [InlineData("amqp://localhost,nonsense", "one of them is none")]
    [InlineData("amqp://", "one of them is none")]
    public async Task AConnectionStringThatIsNoneIsToldAtTheStart(string text, string words) =>
        Assert.Contains(words, Assert.Single(await FaultsAsync($"--Log:ConnectionString={text}")), StringComparison.Ordinal);

    [Theory]
    [InlineData("--Log:Provider=kafka", "Log:Provider must be local or RabbitMq")]
    [InlineData("--Log:Stream=my log", "Log:Stream must be")]
    [InlineData("--Log:Timeout=00:00:00.1", "Log:Timeout")]
    [InlineData("--Log:Timeout=00:02:00", "Log:Timeout")]
    [InlineData("--Log:Timeout=5", "Log:Timeout must be a time")]
    [InlineData("--Log:MaxAge=a week", "Log:MaxAge must be a number and one of Y, M, D, h, m, s")]
    [InlineData("--Log:PasswordFile=/nowhere/password", "Log:PasswordFile '/nowhere/password' is not there")]
    [InlineData("--Log:CaFile=/nowhere/ca.pem", "Log:CaFile '/nowhere/ca.pem' is not there")]
    [InlineData("--Log:Replicas=3", "Log:Replicas is not a setting")]
    public async Task AWrongSettingIsToldAtTheStart(string setting, string words) =>
        Assert.Contains(words, Assert.Single(await FaultsAsync("--Log:ConnectionString=amqp://127.0.0.1:1", setting)), StringComparison.Ordinal);

    [Fact]
    public void AHubAloneNeedsNothing() => Assert.Empty(new ReplicationOptions().Faults());

    [Fact]
    public void SeveralBrokersStandInOneLine() =>
        Assert.Equal(["amqp://a", "amqps://u:p@b:1/v"], new ReplicationOptions { ConnectionString = "amqp://a, amqps://u:p@b:1/v," }.Addresses());

    [Fact]
    public void WithoutANameAHubIsCalledLikeItsMachine()
    {
        Assert.Equal(Environment.MachineName, RabbitStream.HubName(new ReplicationOptions()));
        Assert.Equal("bar", RabbitStream.HubName(new ReplicationOptions { Hub = "bar" }));
    }

    private static async Task<IReadOnlyList<string>> FaultsAsync(params string[] settings)
    {
        var folder = Path.Combine(Path.GetTempPath(), $"beertap-never-{Guid.NewGuid():N}");
        var fault = await Assert.ThrowsAsync<SettingsException>(() => Program.BuildAsync(["--Log:Provider=RabbitMq", $"--Storage:Path={folder}", .. settings]));
        Assert.False(Directory.Exists(folder));
        return fault.Faults;
    }
}
