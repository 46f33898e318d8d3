namespace BeerTap.Server.Security;

/// <summary>
/// Keys that come with the deployment, such as Docker secrets: each lies in a file of its own and is honoured while the file is configured. They
/// are in no list that could be changed over REST; taking one back means changing its file.
/// </summary>
internal static class ConfiguredKeys
{
    /// <summary>Begins the id of such a key; no id of a stored key has a dash.</summary>
    public const string IdPrefix = "file-";

    /// <summary>What each configured file holds now: a key, or the fault for which it opens nothing.</summary>
    public static IEnumerable<ConfiguredKey> Read(SecurityOptions options)
    {
        var keys = new List<ApiKey>();
        foreach (var (role, setting, path) in options.KeyFiles)
        {
            var (key, fault, isMissing) = Read(role, path, keys);
            if (key is not null) keys.Add(key);
            yield return new ConfiguredKey(IdPrefix + role.Name(), path, key, fault is null ? null : $"{setting}: the file {path} {fault}", isMissing);
        }
    }

    private static (ApiKey? Key, string? Fault, bool IsMissing) Read(Role role, string path, List<ApiKey> others)
    {
        try
        {
            var text = File.ReadAllText(path).Trim();
            if (KeyText.FaultOf(text) is { } wrong) return (null, $"{wrong}. Make one with: openssl rand -hex 32 > {path}", false);
            var hash = KeyText.HashOf(text);
            return others.Exists(key => key.Hash == hash)
                ? (null, "holds the key of another role.", false)
                : (new ApiKey(IdPrefix + role.Name(), role, TapId: null, Name: null, hash), null, false);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return (null, $"cannot be read: {problem.Message}", problem is FileNotFoundException or DirectoryNotFoundException);
        }
    }
}

/// <summary>A configured file as it was found: it has either a key or a fault.</summary>
/// <param name="IsMissing">There is no such file, which is the one fault that takes a key back.</param>
internal sealed record ConfiguredKey(string Id, string Path, ApiKey? Key, string? Fault, bool IsMissing);
