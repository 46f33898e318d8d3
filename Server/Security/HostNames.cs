using System.Globalization;
using BeerTap.Server.Beers;

namespace BeerTap.Server.Security;

/// <summary>The names under which the hub may be called, by the <c>Host</c> of a request.</summary>
/// <remarks>
/// A web page from elsewhere can make its own name mean an address of this machine or of its network and then call the hub as if it were its own
/// server (DNS rebinding). Such a request carries the name of that page. No origin check sees a difference, because origin and host are the same.
/// </remarks>
internal sealed class HostNames
{
    private readonly HostName[] _listed;

    /// <param name="thisMachineOnly">The hub listens on loopback addresses only.</param>
    public HostNames(SecurityOptions options, bool thisMachineOnly)
    {
        _listed = [.. options.Hosts.Select(host => HostName.Parse(host)!.Value)];
        IsChecked = thisMachineOnly || _listed.Length > 0;
    }

    /// <summary>Whether names are checked at all: on a hub that others reach they are only when <c>Security:Hosts</c> lists some.</summary>
    public bool IsChecked { get; }

    /// <summary>Gets whether the hub may be called by this name. The names of this machine always mean the hub itself.</summary>
    /// <param name="host">As it stands in the header: the framework would decode <c>xn--</c>.</param>
    public bool Allows(string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return false;
        }

        if (ThisMachine.IsName(host))
        {
            return true;
        }

        foreach (var listed in _listed)
        {
            if (listed.Is(host))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Refuses requests to other names before anything else looks at them. Only health is answered: orchestrators ask by address.</summary>
    public void Check(WebApplication app)
    {
        if (!IsChecked)
        {
            return;
        }

        app.Use((http, next) => Allows(http.Request.Headers.Host) || http.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase)
            ? next(http)
            : new RefusalResult(Refusals.HostNotAllowed()).ExecuteAsync(http));
    }
}

/// <summary>A host name, with a port where only that port is meant.</summary>
internal readonly record struct HostName(string Name, int? Port)
{
    private static readonly IdnMapping Idn = new();

    /// <summary>Reads a host name, or an address, with or without a port; null when it is none.</summary>
    public static HostName? Parse(string text)
    {
        var (name, port) = Split(text);
        var known = Uri.CheckHostName(name.ToString());
        if (known == UriHostNameType.Unknown || !System.Text.Ascii.IsValid(name) || (known == UriHostNameType.IPv6 && name[0] != '['))
        {
            return null;
        }

        if (port.Length == 0)
        {
            return text.EndsWith(':') ? null : new HostName(name.ToString(), null);
        }

        return ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new HostName(name.ToString(), number)
            : null;
    }

    /// <summary>Gets what is wrong with a setting that is no host name.</summary>
    public static string FaultOf(string text) => Ascii(text) is { } ascii
        ? $"one is '{text}', which requests name '{ascii}'"
        : $"one is '{text}'";

    public bool Is(ReadOnlySpan<char> host)
    {
        var (name, port) = Split(host);
        if (!name.Equals(Name, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        // A client leaves out the default port of its scheme, which behind a proxy the hub does not know.
        return Port is not { } wanted
            || (port.Length == 0 ? wanted is 80 or 443 : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var sent) && sent == wanted);
    }

    /// <summary>Splits off the port. A dot at the end of a name says that it is whole, and changes nothing.</summary>
    public static Parts Split(ReadOnlySpan<char> host)
    {
        var colon = host.LastIndexOf(':');
        var hasPort = colon > host.LastIndexOf(']');
        var name = hasPort ? host[..colon] : host;
        if (name.Length > 1 && name[^1] == '.' && name[^2] != '.')
        {
            name = name[..^1];
        }

        return new Parts(name, hasPort ? host[(colon + 1)..] : default);
    }

    /// <summary>Gets the form of a Unicode name that stands in requests, with its port; null when the text is no such name.</summary>
    private static string? Ascii(string text)
    {
        if (System.Text.Ascii.IsValid(text))
        {
            return null;
        }

        try
        {
            var (name, port) = Split(text);
            return Idn.GetAscii(name.ToString()) + (port.Length > 0 ? $":{port}" : "");
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    public readonly ref struct Parts(ReadOnlySpan<char> name, ReadOnlySpan<char> port)
    {
        private readonly ReadOnlySpan<char> _name = name, _port = port;

        public void Deconstruct(out ReadOnlySpan<char> name, out ReadOnlySpan<char> port)
        {
            name = _name;
            port = _port;
        }
    }
}
