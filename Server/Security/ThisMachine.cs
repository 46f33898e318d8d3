using System.Net;
using BeerTap.Server.Hosting;

namespace BeerTap.Server.Security;

/// <summary>What is reached from this machine only.</summary>
internal static class ThisMachine
{
    /// <summary>
    /// The configured addresses that others can reach. A Unix socket is one of them: what it is for is a proxy in front of it, which lets others in.
    /// </summary>
    public static IReadOnlyList<string> AddressesOfOthers(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"] ?? "").ToList();
        var httpsPorts = configuration["HTTPS_PORTS"] is { Length: > 0 } ports ? ports.Split(';').Select(port => $"https://*:{port}") : [];
        string[] addresses = [.. endpoints, .. httpsPorts, .. endpoints.Count == 0 ? Addresses.Of(configuration).Split(';', StringSplitOptions.RemoveEmptyEntries) : []];
        return [.. addresses.Where(address => !IsBoundHere(address))];
    }

    /// <summary>
    /// Whether a request came over this machine's loopback and to its name. The name matters: a web page from elsewhere can make its own name mean
    /// 127.0.0.1 and then call the hub as if it were its own server (DNS rebinding); the request still carries that name.
    /// </summary>
    public static bool IsCalledBy(HttpContext http) =>
        http.Connection.LocalIpAddress is { } address && IsLoopback(address) && IsName(http.Request.Headers.Host);

    /// <summary>Gets whether a host, with or without a port, means this machine to everybody: no other can have such a name.</summary>
    public static bool IsName(ReadOnlySpan<char> host)
    {
        var (name, _) = HostName.Split(host);
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)) return true;
        return (name.StartsWith("127.") || name.StartsWith("[")) && IPAddress.TryParse(name, out var address) && IsLoopback(address);
    }

    private static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>What Kestrel binds to loopback only; a name that it does not know it binds to every address.</summary>
    private static bool IsLoopbackBinding(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsBoundHere(string address)
    {
        try
        {
            var bound = BindingAddress.Parse(address);
            return !bound.IsUnixPipe && !bound.IsNamedPipe && IsLoopbackBinding(bound.Host);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
