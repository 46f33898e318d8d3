using System.Globalization;
using BeerTap.Server.Hosting;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Security;

/// <summary>Keys made and taken back on the command line, beside a running hub or before the first: <c>keys add</c>, <c>list</c>, <c>revoke</c>.</summary>
internal static class KeysCommand
{
    public const string Name = "keys";

    private const string Help = """
        Makes, lists and revokes keys. A running hub takes notice within a second.

        Usage: beertap keys add --role ROLE [--tap ID] [--name TEXT] [--Storage:Path=data]
               beertap keys list
               beertap keys revoke ID

          --role tap        posts for its own tap only, and listens; needs --tap
          --role viewer     reads and listens
          --role operator   may do everything
          --tap ID          the tap a key of the role tap belongs to
          --name TEXT       what people call the key, at most 64 characters
          --Storage:Path=…  the folder of the hub's store, as for the hub itself (environment: BeerTap__Storage__Path)

        Examples:
          beertap keys add --role tap --tap 7 --name 'left bar' > tap7.key
          beertap keys add --role operator --Storage:Path=/var/lib/beertap
          beertap keys revoke 3f9a1c2e

        'add' writes the key, and nothing else, to standard output: it is shown this once. The hub keeps only a hash of it.
        """;

    /// <summary>The exact words that make the first key of a hub with this store.</summary>
    public static string ToMakeOne(string folder) => ToMake("--role operator", folder);

    /// <summary>The words that make a key for a tap.</summary>
    public static string ToMakeOneForTap(string folder) => ToMake("--role tap --tap ID", folder);

    private static string ToMake(string what, string folder) =>
        $"dotnet run --project Server -- keys add {what}" + (folder == new StorageOptions().Path ? "" : $" --Storage:Path={folder}");

    public static async Task<int> RunAsync(string[] args, TextWriter answer, TextWriter words)
    {
        if (args.Length == 0 || args.Any(arg => arg is "--help" or "-h" or "-?"))
        {
            await answer.WriteLineAsync(Help);
            return 0;
        }

        var faults = new List<string>();
        var line = KeysLine.Read(args, faults);
        var folder = FolderOf(line.Settings, faults);
        var wish = line.Verb == "add" ? KeyWish.Read(line.Role, line.Tap, line.Label, (field, fault) => Add(faults, field, fault)) : null;
        if (line.Verb == "revoke" && line.Id is null) faults.Add("revoke needs the id of a key; 'keys list' shows them.");
        if (faults.Count == 0)
        {
            try
            {
                return line.Verb switch
                {
                    "add" => await AddAsync(new KeyFile(folder, TimeProvider.System), wish!, answer, words),
                    "revoke" => await RevokeAsync(new KeyFile(folder, TimeProvider.System), line.Id!, words),
                    _ => await ListAsync(folder, answer, words),
                };
            }
            catch (KeyFileException fault)
            {
                faults.Add(fault.Message);
            }
        }

        foreach (var fault in faults) await words.WriteLineAsync(fault);
        return Refusal.ExitCode;
    }

    private static async Task<int> AddAsync(KeyFile file, KeyWish wish, TextWriter answer, TextWriter words)
    {
        var (key, text) = await file.AddAsync(wish, CancellationToken.None);
        await words.WriteLineAsync($"The key {key.Id} ({Describe(key)}) is made, in {file.Path}. This is the only time it is shown:");
        await answer.WriteLineAsync(text);
        return 0;
    }

    private static async Task<int> RevokeAsync(KeyFile file, string id, TextWriter words)
    {
        if (await file.RevokeAsync(id, CancellationToken.None) is not { } key)
        {
            await words.WriteLineAsync($"There is no key with this id in {file.Path}; 'keys list' shows them.");
            return Refusal.ExitCode;
        }

        await words.WriteLineAsync($"The key {key.Id} ({Describe(key)}) is revoked.");
        return 0;
    }

    private static async Task<int> ListAsync(string folder, TextWriter answer, TextWriter words)
    {
        var file = new KeyFile(folder, TimeProvider.System);
        if (!File.Exists(file.Path) && !StoreFolder.HasStore(Path.GetFullPath(folder)))
        {
            await words.WriteLineAsync(
                $"There is neither a store nor a key in {Path.GetFullPath(folder)}. Set --Storage:Path to the folder of the hub's store; nothing was made.");
            return Refusal.ExitCode;
        }

        var uses = new KeyUses(folder);
        await answer.WriteLineAsync($"{"id",-10}{"role",-10}{"tap",-12}{"created",-22}{"last used",-22}{"revoked",-22}name");
        foreach (var key in file.Read())
        {
            await answer.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{key.Id,-10}{key.Role.Name(),-10}{key.TapId,-12}{Time(key.Created),-22}{Time(uses.At(key.Id)),-22}{Time(key.Revoked),-22}{Printable.Escape(key.Name ?? "")}"));
        }

        return 0;
    }

    private static string FolderOf(string[] settings, List<string> faults)
    {
        try
        {
            return ConfigurationFile.OfCommand(settings)[$"{StorageOptions.Section}:{nameof(StorageOptions.Path)}"] ?? new StorageOptions().Path;
        }
        catch (SettingsException ex)
        {
            faults.AddRange(ex.Faults);
            return "";
        }
    }

    private static void Add(List<string> faults, string field, string fault) => faults.Add($"--{(field == "tapId" ? "tap" : field)} {fault}");

    private static string Describe(ApiKey key) => key.TapId is { } tap ? $"role {key.Role.Name()}, tap {tap}" : $"role {key.Role.Name()}";

    private static string Time(DateTime? at) => at is { } time ? time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "-";
}
