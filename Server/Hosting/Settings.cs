using System.ComponentModel.DataAnnotations;
using System.Reflection;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Reports;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>
/// The hub's configuration: <c>appsettings.json</c> beside the program, then environment (<c>BeerTap__Storage__Path</c>, and <c>PORT</c> as in the
/// original system), then command line (<c>--Storage:Path=…</c>). Everything is checked at start and all faults are told at once.
/// </summary>
internal sealed class Settings
{
    private readonly List<string> _faults = [];

    private Settings(IConfiguration configuration)
    {
        Storage = Read<StorageOptions>(configuration, StorageOptions.Section);
        Intake = Read<IntakeOptions>(configuration, IntakeOptions.Section);
        Live = Read<LiveOptions>(configuration, LiveOptions.Section);
        Reports = Read<ReportOptions>(configuration, ReportOptions.Section);
        Limits = Read<LimitOptions>(configuration, LimitOptions.Section);
        Log = Read<LogOptions>(configuration, LogOptions.Section);
        Security = Read<SecurityOptions>(configuration, SecurityOptions.Section);
        _faults.AddRange(Security.Faults());
        Glasses = ReadGlasses(configuration.GetSection("Glasses"));
        if (Intake.MaxBatch > Intake.QueueCapacity) _faults.Add($"Intake:MaxBatch ({Intake.MaxBatch}) must not be more than Intake:QueueCapacity ({Intake.QueueCapacity}): such a batch would never fit.");
    }

    public StorageOptions Storage { get; }

    public IntakeOptions Intake { get; }

    public LiveOptions Live { get; }

    public ReportOptions Reports { get; }

    public LimitOptions Limits { get; }

    public LogOptions Log { get; }

    public SecurityOptions Security { get; }

    public IReadOnlyList<GlassOptions> Glasses { get; }

    /// <summary>What the framework can read of a command line; it breaks off at short switches, which are faults told with all others.</summary>
    public static string[] Readable(string[] args) =>
        [.. args.Where(arg => !arg.StartsWith('-') || arg.StartsWith("--", StringComparison.Ordinal))];

    /// <summary>Reads all settings and sets the address the hub listens on.</summary>
    /// <exception cref="SettingsException">Something is wrong; all of it is told at once.</exception>
    public static Settings Load(WebApplicationBuilder builder, string[] args)
    {
        // The last source wins: what is BeerTap's own in the environment, then the command line.
        builder.Configuration.AddEnvironmentVariables("BeerTap__").AddCommandLine(Readable(args));
        var settings = new Settings(builder.Configuration);
        settings.CheckNames(args);
        settings.ChooseAddress(builder);
        return settings._faults.Count == 0 ? settings : throw new SettingsException(settings._faults);
    }

    private void ChooseAddress(WebApplicationBuilder builder)
    {
        var addresses = Addresses.Of(builder.Configuration);
        _faults.AddRange(Addresses.FaultsOf(addresses));
        if (string.IsNullOrEmpty(builder.Configuration["HTTPS_PORTS"])) builder.WebHost.UseUrls(addresses);
    }

    private T Read<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        var options = new T();
        foreach (var entry in configuration.GetSection(section).GetChildren())
        {
            var property = PropertyOf(typeof(T), entry.Key);
            if (property is null)
            {
                // Logging has keys of the framework's own beside BeerTap's.
                if (section != LogOptions.Section) _faults.Add($"{section}:{entry.Key} is not a setting. {section} has: {string.Join(", ", typeof(T).GetProperties().Select(p => p.Name))}.");
                continue;
            }

            try
            {
                // A list may stand in one line: the environment and the command line have no better way.
                var value = property.PropertyType == typeof(string[]) && entry.Value is { } line
                    ? line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    : entry.Get(property.PropertyType);
                property.SetValue(options, value);
            }
            catch (InvalidOperationException)
            {
                _faults.Add($"{section}:{property.Name} must be {KindOf(property.PropertyType)}; it is '{entry.Value}'.");
            }
        }

        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        _faults.AddRange(results.Select(result => Describe(section, options, result)));
        return options;
    }

    private GlassOptions[] ReadGlasses(IConfigurationSection section)
    {
        try
        {
            var glasses = section.Get<GlassOptions[]>() ?? [];
            _faults.AddRange(section.GetChildren().Where(row => row.Value is not null).Select(row => $"{row.Path} must have Name, From and To; it is '{row.Value}'."));
            _faults.AddRange(GlassTypes.FaultsOf(glasses));
            return glasses;
        }
        catch (InvalidOperationException fault)
        {
            _faults.Add($"Glasses must be a list of Name, From and To (millilitres): {fault.Message}");
            return [];
        }
    }

    /// <summary>What is mistyped on the command line would otherwise be passed over in silence.</summary>
    private void CheckNames(string[] args)
    {
        string[] sections = [StorageOptions.Section, IntakeOptions.Section, LiveOptions.Section, ReportOptions.Section, LogOptions.Section, SecurityOptions.Section, LimitOptions.Section, "Glasses", "Serilog", "Kestrel"];
        string[] hosts = ["urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName", "AllowedHosts", "PORT"];
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                _faults.Add($"'{args[i]}' is not understood. Settings are given as --Name=value; --help lists the most used.");
                continue;
            }

            var name = args[i][2..].Split('=')[0];
            var known = hosts.Contains(name, StringComparer.OrdinalIgnoreCase)
                || (name.Contains(':', StringComparison.Ordinal) && sections.Contains(name.Split(':')[0], StringComparer.OrdinalIgnoreCase));
            if (!known) _faults.Add($"--{name} is not an option. Options are settings, such as --urls=http://localhost:8338 or --{StorageOptions.Section}:Path=data.");
            if (args[i].Contains('=', StringComparison.Ordinal)) continue;

            // '--Name value' is taken too.
            if (i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal)) i++;
            else _faults.Add($"--{name} needs a value: --{name}=value.");
        }
    }

    private static PropertyInfo? PropertyOf(Type type, string name) =>
        type.GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);

    private static string KindOf(Type type) =>
        type == typeof(int) ? "a whole number" : type == typeof(bool) ? "true or false" : type == typeof(TimeSpan) ? "a time such as 00:00:10" : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}" : "text";

    private static string Describe<T>(string section, T options, ValidationResult result)
    {
        var name = result.MemberNames.FirstOrDefault() ?? "";
        var value = PropertyOf(typeof(T), name)?.GetValue(options);
        var text = result.ErrorMessage!.Replace($"The field {name} ", $"{section}:{name} ", StringComparison.Ordinal).Replace($"The {name} field ", $"{section}:{name} ", StringComparison.Ordinal).TrimEnd('.');
        return $"{text}; it is '{value}'.";
    }
}

/// <summary>The configuration has faults, each with the name of its setting.</summary>
internal sealed class SettingsException(IReadOnlyList<string> faults) : Exception(string.Join(' ', faults))
{
    public IReadOnlyList<string> Faults => faults;
}
