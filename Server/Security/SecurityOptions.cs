using System.ComponentModel.DataAnnotations;

namespace BeerTap.Server.Security;

/// <summary>Who may do what (<c>Security</c>).</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>Who may read and listen: <c>public</c>, everybody who reaches the hub, or <c>keys</c>, who has a key for it.</summary>
    [EnumDataType(typeof(Reading), ErrorMessage = "Security:Reading must be public or keys.")]
    public Reading Reading { get; set; } = Reading.Public;

    /// <summary>
    /// Who may pour and delete without a key: <c>auto</c>, who is on this machine, as long as the hub listens to this machine only and never had a
    /// key; or <c>never</c>, nobody.
    /// </summary>
    [EnumDataType(typeof(Opening), ErrorMessage = "Security:Open must be auto or never.")]
    public Opening Open { get; set; } = Opening.Auto;

    /// <summary>A file that holds the text of an operator's key, such as a Docker secret; honoured while it is configured.</summary>
    public string OperatorKeyFile { get; set; } = "";

    /// <summary>The same for a key that may pour for any tap.</summary>
    public string TapKeyFile { get; set; } = "";

    /// <summary>The same for a viewer's key.</summary>
    public string ViewerKeyFile { get; set; } = "";

    /// <summary>Web pages of these origins, such as <c>https://bar.example</c>, may call the hub from a browser, and its own page, which always may, goes to them when the hub sends it there.</summary>
    public string[] Origins { get; set; } = [];

    /// <summary>
    /// The host names by which the hub is called, such as <c>bar.example</c> or <c>bar.example:8443</c>, a Unicode name in its <c>xn--</c> form. A hub
    /// that listens to this machine only is called by this machine's names and by these (those that a proxy before it passes on); one that others
    /// reach, by any name as long as none is listed here.
    /// </summary>
    public string[] Hosts { get; set; } = [];

    public IEnumerable<(Role Role, string Setting, string Path)> KeyFiles =>
        new[]
        {
            (Role.Operator, $"{Section}:{nameof(OperatorKeyFile)}", OperatorKeyFile),
            (Role.Tap, $"{Section}:{nameof(TapKeyFile)}", TapKeyFile),
            (Role.Viewer, $"{Section}:{nameof(ViewerKeyFile)}", ViewerKeyFile),
        }.Where(file => file.Item3.Length > 0);

    /// <summary>What the attributes cannot say.</summary>
    public IEnumerable<string> Faults() =>
    [
        .. Origins.Where(origin => !IsOrigin(origin)).Select(origin =>
            $"{Section}:{nameof(Origins)} must be origins such as https://bar.example (scheme, host and port, no path, lower case); "
            + $"{FaultOfOrigin(origin)}."),
        .. Hosts.Where(host => HostName.Parse(host) is null).Select(host =>
            $"{Section}:{nameof(Hosts)} must be host names such as bar.example or bar.example:8443 (no scheme, no path, a Unicode name in its xn-- form); "
            + $"{HostName.FaultOf(host)}."),
    ];

    /// <summary>An origin as browsers send it, which is ASCII: it also stands in headers of answers, where nothing else may.</summary>
    private static bool IsOrigin(string origin) =>
        System.Text.Ascii.IsValid(origin) && Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        && uri.GetLeftPart(UriPartial.Authority) == origin && uri.UserInfo.Length == 0 && Uri.CheckHostName(uri.Host) != UriHostNameType.Unknown;

    private static string FaultOfOrigin(string origin) =>
        !System.Text.Ascii.IsValid(origin) && Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? $"one is '{origin}', which browsers name '{uri.Scheme}://{uri.IdnHost}{(uri.IsDefaultPort ? "" : $":{uri.Port}")}'"
            : $"one is '{origin}'";
}

internal enum Reading
{
    Public,
    Keys,
}

internal enum Opening
{
    Auto,
    Never,
}
