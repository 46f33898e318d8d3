using System.Net;

namespace BeerTap.Client;

/// <summary>Represents the key that goes with every call; one from a file is read again when the hub does not take it any more.</summary>
/// <param name="file">Where the key was read from; null when it was given as text.</param>
internal sealed class HubKey(string? key, string? file)
{
    private volatile string? _key = key;

    public string? Current => _key;

    /// <summary>Reads the file again; whether the key is another one now. A file that cannot be read changes nothing.</summary>
    public bool Reread()
    {
        if (file is null)
        {
            return false;
        }

        try
        {
            if (Arguments.ParseKey(File.ReadAllText(file).Trim()) is not { } read || read == _key)
            {
                return false;
            }

            _key = read;
            return true;
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>Sends the key with every call, and a call that was not allowed once more when the key has been replaced meanwhile.</summary>
internal sealed class KeyHandler(HubKey key, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string Header = "X-Api-Key";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sent = SetKey(request);
        var answer = await base.SendAsync(request, cancellationToken);
        if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) || (!key.Reread() && key.Current == sent))
        {
            return answer;
        }

        answer.Dispose();
        SetKey(request);
        return await base.SendAsync(request, cancellationToken);
    }

    private string? SetKey(HttpRequestMessage request)
    {
        var current = key.Current;
        request.Headers.Remove(Header);
        if (current is not null)
        {
            request.Headers.Add(Header, current);
        }

        return current;
    }
}
