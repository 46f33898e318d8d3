namespace BeerTap.Client;

/// <summary>The hub's address as it may be given: <c>host</c>, <c>host:port</c> or an http(s) URL.</summary>
internal static class ServerAddress
{
    public static Uri? Parse(string text)
    {
        var isUrl = text.Contains("://", StringComparison.Ordinal);
        if (!Uri.TryCreate(isUrl ? text : $"http://{text}", UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.Host.Length == 0 || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            return null;
        }

        var address = new UriBuilder(uri);
        if (!isUrl && !NamesPort(text))
        {
            address.Port = ClientOptions.DefaultPort;
        }

        if (!address.Path.EndsWith('/'))
        {
            address.Path += "/";
        }

        return address.Uri;
    }

    // "host:80" must stay port 80, which the parsed URI cannot tell from no port; "[::1]" has colons and no port.
    private static bool NamesPort(string text)
    {
        var authority = text.Split('/')[0];
        return authority.LastIndexOf(':') > authority.LastIndexOf(']');
    }
}
