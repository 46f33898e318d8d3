namespace BeerTap.Processes;

/// <summary>
/// <c>BEERTAP_TEST_LOG</c> holds a broker's connection string: then the hubs under test are clusters of one, each with a stream named after its
/// store's folder. <c>BEERTAP_TEST_LOG_CA</c> is the file with the authority of its certificate, where the address is <c>amqps</c>.
/// </summary>
internal static class SharedLog
{
    public static string? Brokers { get; } = Environment.GetEnvironmentVariable("BEERTAP_TEST_LOG") is { Length: > 0 } brokers ? brokers : null;

    private static string CaFile { get; } = Environment.GetEnvironmentVariable("BEERTAP_TEST_LOG_CA") ?? "";

    /// <summary>What a hub is told, as on the command line; nothing when hubs order their logs themselves.</summary>
    public static string[] SettingsFor(string folder) =>
        Brokers is null ? [] : ["--Log:Provider=RabbitMq", $"--Log:ConnectionString={Brokers}", $"--Log:CaFile={CaFile}", $"--Log:Stream={StreamOf(folder)}"];

    public static string StreamOf(string folder) => $"test-{Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}";
}
