using System.CommandLine;

namespace BeerTap.Client;

/// <summary>The options that say which hub, and with which key; the same for every command.</summary>
internal sealed class HubOptions
{
    private static readonly Uri DefaultServer = new ClientOptions().Server;

    private readonly Option<string> _server = Arguments.Text(
        "--server", "URL",
        "The hub: a URL, host:port, or host (then http and port 8338) [env: INET_ADDR]", DefaultServer.ToString().TrimEnd('/'));
    private readonly Option<string> _apiKey = Arguments.Text("--api-key", "KEY", "Sent with every call [env: BEERTAP_API_KEY]");
    private readonly Option<string> _apiKeyFile = Arguments.Text(
        "--api-key-file", "FILE", "Reads the key from this file, such as a Docker secret, and again when the hub no longer takes it [env: BEERTAP_API_KEY_FILE]");

    private readonly Option<string> _trust = Arguments.Text(
        "--trust", "HOST[,HOST]", "Hosts beside the hub's own that the key may go to when a hub that goes away sends its listeners there");

    public IEnumerable<Option> All => [_server, _apiKey, _apiKeyFile, _trust];

    public Uri Server(Arguments given) => given.Take(_server, "INET_ADDR", ServerAddress.Parse, "is not a host, host:port or http URL") ?? DefaultServer;

    public IReadOnlyList<string> Trusted(Arguments given) =>
        given.Take(_trust, null, ParseHosts, "is not a list of host names, such as bar2.example,bar3.example") ?? [];

    /// <summary>The file of the key, which is read again when the hub does not take the key any more.</summary>
    public string? ApiKeyFile(Arguments given) => given.KeyFile(_apiKeyFile);

    public string? ApiKey(Arguments given) => given.Key(_apiKey, _apiKeyFile);

    private static string[]? ParseHosts(string text)
    {
        var hosts = text.Split(',', StringSplitOptions.TrimEntries);
        return Array.TrueForAll(hosts, host => Uri.CheckHostName(host) != UriHostNameType.Unknown) ? hosts : null;
    }
}
