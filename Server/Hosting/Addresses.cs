using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration.Json;

namespace BeerTap.Server.Hosting;

/// <summary>Where the hub listens, as Kestrel takes it: addresses separated by semicolons.</summary>
/// <remarks>
/// <c>urls</c> wins, unless it only stands in the file; then <c>PORT</c>, as in the original system; then <c>HTTP_PORTS</c>, which container images set and which means every
/// interface, also for <c>PORT</c>; else this machine only.
/// </remarks>
internal static partial class Addresses
{
    private const string DefaultPort = "8338";

    public static string Of(IConfiguration configuration)
    {
        var port = configuration["PORT"];
        if (configuration["urls"] is { Length: > 0 } urls && (string.IsNullOrEmpty(port) || !IsFromFile(configuration, "urls"))) return urls;
        var everywhere = configuration["HTTP_PORTS"] is { Length: > 0 };
        var ports = !string.IsNullOrEmpty(port) ? port : everywhere ? configuration["HTTP_PORTS"]! : DefaultPort;
        return string.Join(';', ports.Split(';').Select(one => $"http://{(everywhere ? "*" : "localhost")}:{one}"));
    }

    /// <summary>Where a hub of these settings is reached on this machine; one that listens on every interface, at this machine's own.</summary>
    /// <param name="settings">As on the command line.</param>
    /// <exception cref="FormatException">The configured address is none.</exception>
    /// <exception cref="SettingsException">The file of the configuration cannot be read.</exception>
    public static Uri Nearest(string[] settings)
    {
        var configuration = ConfigurationFile.OfCommand(settings, withHost: true);
        var configured = Of(configuration).Split(';')[0];
        try
        {
            var bound = BindingAddress.Parse(configured);
            var host = bound.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "localhost" : bound.Host;
            return new UriBuilder(bound.Scheme, host, bound.Port).Uri;
        }
        catch (FormatException fault)
        {
            throw new FormatException($"{configured}: {fault.Message}", fault);
        }
    }

    /// <summary>Whether a setting comes from a file and nothing that is said later.</summary>
    private static bool IsFromFile(IConfiguration configuration, string key) =>
        configuration is IConfigurationRoot root && root.Providers.LastOrDefault(provider => provider.TryGet(key, out _)) is JsonConfigurationProvider;

    /// <summary>Gets the addresses that are none, of those Kestrel is given in one way or another.</summary>
    public static IEnumerable<string> FaultsOf(IConfiguration configuration) =>
    [
        .. FaultsOf(Of(configuration)),
        .. FaultsOf(PortsOf(configuration["HTTPS_PORTS"]), "ASPNETCORE_HTTPS_PORTS"),
        .. configuration.GetSection("Kestrel:Endpoints").GetChildren().SelectMany(endpoint =>
            endpoint["Url"] is { Length: > 0 } url ? FaultsOf(url, $"{endpoint.Path}:Url") : [$"{endpoint.Path}:Url is missing."]),
    ];

    public static IEnumerable<string> FaultsOf(string addresses, string from = "--urls, PORT, ASPNETCORE_URLS or ASPNETCORE_HTTP_PORTS")
    {
        foreach (var address in addresses.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!IsAddress(address.Trim())) yield return $"'{address}' is not an address to listen on, such as http://localhost:8338; it comes from {from}.";
        }
    }

    private static string PortsOf(string? ports) => string.Join(';', (ports ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(port => $"https://*:{port}"));

    private static bool IsAddress(string address)
    {
        var match = Form().Match(address);
        return match.Success && (match.Groups["port"].Value is not { Length: > 0 } port || int.Parse(port, CultureInfo.InvariantCulture) <= ushort.MaxValue);
    }

    /// <summary>Scheme, host or [IPv6] or *, port; or the path of a Unix socket.</summary>
    [GeneratedRegex(@"^https?://(unix:/.+|(\[[^\]\s]+\]|[^:/\s\[\]]+)(:(?<port>\d{1,5}))?/?)$")]
    private static partial Regex Form();
}
