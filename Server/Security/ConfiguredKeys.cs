namespace BeerTap.Server.Security;

/// <summary>
/// Keys that come with the deployment, such as Docker secrets: each lies in a file of its own and is honoured while the file is configured. They
/// are in no list that could be changed over REST; taking one back means changing its file.
/// </summary>
internal static class ConfiguredKeys
{
    /// <summary>Begins the id of such a key; no id of a stored key has a dash.</summary>
    public const string IdPrefix = "file-";

    /// <summary>A file that cannot be read, or holds no good key, is told to <paramref name="fault"/> and opens nothing.</summary>
    public static List<ApiKey> Read(SecurityOptions options, Action<string> fault)
    {
        var keys = new List<ApiKey>();
        foreach (var (role, setting, path) in options.KeyFiles)
        {
            try
            {
                var text = File.ReadAllText(path).Trim();
                if (KeyText.FaultOf(text) is { } wrong) fault($"{setting}: the file {path} {wrong}. Make one with: openssl rand -hex 32 > {path}");
                else if (keys.Any(key => key.Hash == KeyText.HashOf(text))) fault($"{setting}: the file {path} holds the key of another role.");
                else keys.Add(new ApiKey(IdPrefix + role.Name(), role, TapId: null, Name: null, KeyText.HashOf(text)));
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                fault($"{setting}: the file {path} cannot be read: {problem.Message}");
            }
        }

        return keys;
    }
}
