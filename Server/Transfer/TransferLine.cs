using System.Globalization;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Transfer;

/// <summary>What stands behind <c>export</c> or <c>import</c>: the file, the options, and settings as for the hub.</summary>
/// <param name="File">The file, <c>-</c> for the standard stream.</param>
internal sealed record TransferLine(string File, bool IsCsv, string? Backup, string? Source, Position? Holds, StorageOptions Storage, GlassTypes Glasses, LimitOptions Limits)
{
    public const string Stream = "-";

    private const string Format = "--format", BackupName = "--backup", SourceName = "--source", HoldsName = "--holds";

    private static readonly string[] OfExport = [Format, BackupName], OfImport = [Format, SourceName, HoldsName];

    private static readonly string[] Sections = [StorageOptions.Section, "Glasses", LimitOptions.Section];

    /// <exception cref="SettingsException">Something is wrong; all of it is told at once.</exception>
    public static TransferLine Read(string command, string[] words)
    {
        var faults = new List<string>();
        string? file = null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var settings = new List<string>();
        foreach (var word in words)
        {
            var (name, value) = word.IndexOf('=', StringComparison.Ordinal) is var equals and > 0 ? (word[..equals], word[(equals + 1)..]) : (word, null);
            if (!word.StartsWith('-') || word == Stream)
            {
                if (file is not null) faults.Add("It takes one file.");
                file = word;
            }
            else if (name.Contains(':', StringComparison.Ordinal) && Sections.Contains(name[2..].Split(':')[0], StringComparer.OrdinalIgnoreCase) && value is not null) settings.Add(word);
            else if (!(command == ExportCommand.Name ? OfExport : OfImport).Contains(name)) faults.Add($"{name} is not an option of '{command}'; '{command} --help' lists them.");
            else if (string.IsNullOrEmpty(value)) faults.Add($"{name} needs a value: {name}=value.");
            else values[name] = value;
        }

        if (file is null) faults.Add($"Say which file: {command} pours.csv, or {command} - for the standard stream. '{command} --help' tells more.");
        var source = values.GetValueOrDefault(SourceName);
        if (source is not null && PourReader.FaultOfPourId(source + ":1000000000") is not null) faults.Add($"{SourceName} must be at most 50 printable characters.");
        Position? holds = null;
        if (values.GetValueOrDefault(HoldsName) is { } text)
        {
            if (Position.TryParse(text, out var position)) holds = position;
            else faults.Add($"{HoldsName} must be a position, such as k3x9q2ab-42.");
        }

        var format = values.GetValueOrDefault(Format) ?? FormatOf(file);
        if (format is not ("csv" or "jsonl")) faults.Add($"Say which format: {Format}=csv or {Format}=jsonl; it is known by itself for files that end in .csv, .jsonl or .ndjson.");

        var configuration = ConfigurationFile.OfCommand([.. settings]);
        var glasses = configuration.GetSection("Glasses").Get<GlassOptions[]>() ?? [];
        faults.AddRange(GlassTypes.FaultsOf(glasses));
        if (faults.Count > 0) throw new SettingsException(faults);
        return new TransferLine(
            file!, format == "csv", values.GetValueOrDefault(BackupName), source, holds, configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions(),
            new GlassTypes(glasses), configuration.GetSection(LimitOptions.Section).Get<LimitOptions>() ?? new LimitOptions());
    }

    private static string FormatOf(string? file) => file is null or Stream ? "csv" : Path.GetExtension(file).ToLower(CultureInfo.InvariantCulture) switch
    {
        ".csv" => "csv",
        ".jsonl" or ".ndjson" => "jsonl",
        _ => "",
    };
}
