using System.Globalization;

namespace BeerTap.Server.Security;

/// <summary>What the words behind <c>keys</c> say.</summary>
/// <param name="Settings">Those that are settings of the hub, such as <c>--Storage:Path=data</c>.</param>
internal sealed record KeysLine(string? Verb, string? Id, string? Role, int? Tap, string? Label, string[] Settings)
{
    private static readonly string[] Options = ["--role", "--tap", "--name"];

    /// <summary>Reads the words; all faults are told at once.</summary>
    public static KeysLine Read(string[] args, List<string> faults)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var plain = new List<string>();
        var settings = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].IndexOf('=', StringComparison.Ordinal) is var equals and > 0 ? (args[i][..equals], args[i][(equals + 1)..]) : (args[i], null);
            if (Options.Contains(name))
            {
                value ??= i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : null;
                if (value is null) faults.Add($"{name} needs a value.");
                else if (!values.TryAdd(name, value)) faults.Add($"{name} is there more than once.");
            }
            else if (name.StartsWith("--", StringComparison.Ordinal) && name.Contains(':', StringComparison.Ordinal))
            {
                settings.Add(args[i]);
                if (value is null && i + 1 < args.Length) settings.Add(args[++i]);
            }
            else if (name.StartsWith('-')) faults.Add($"{name} is not an option of 'keys'; 'keys --help' lists them.");
            else plain.Add(args[i]);
        }

        var verb = plain.FirstOrDefault();
        if (verb is not ("add" or "list" or "revoke")) faults.Add("Say what to do: keys add, keys list or keys revoke ID. 'keys --help' tells more.");
        else if (plain.Count > (verb == "revoke" ? 2 : 1)) faults.Add($"'{plain[^1]}' is one word too many.");
        else if (verb != "add" && values.Count > 0) faults.Add($"{string.Join(", ", values.Keys)} belongs to 'keys add'.");

        int? tap = null;
        if (values.TryGetValue("--tap", out var text))
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) tap = number;
            else faults.Add("--tap must be a whole number from 1 to 2147483647.");
        }

        return new KeysLine(verb, plain.ElementAtOrDefault(1), values.GetValueOrDefault("--role"), tap, values.GetValueOrDefault("--name"), [.. settings]);
    }
}
