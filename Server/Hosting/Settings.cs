using System.ComponentModel.DataAnnotations;
using System.Reflection;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Reports;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Hosting;

/// <summary>
/// The hub's configuration: <c>appsettings.json</c> beside the program, then environment (<c>BeerTap__Storage__Path</c>, and <c>PORT</c> as in the
/// original system), then command line (<c>--Storage:Path=…</c>). Everything is checked at start and all faults are told at once.
/// </summary>
internal sealed class Settings
{
    /// <summary>Where the hub listens when nothing else is said: the original system's port, on this machine only.</summary>
    private const string DefaultHost = "localhost", DefaultPort = "8338";

    private readonly List<string> _faults = [];

    private Settings(IConfiguration configuration)
    {
        Storage = Read<StorageOptions>(configuration, StorageOptions.Section);
        Intake = Read<IntakeOptions>(configuration, IntakeOptions.Section);
        Live = Read<LiveOptions>(configuration, LiveOptions.Section);
        Reports = Read<ReportOptions>(configuration, ReportOptions.Section);
        Log = Read<LogOptions>(configuration, LogOptions.Section);
        Glasses = ReadGlasses(configuration.GetSection("Glasses"));
    }

    public StorageOptions Storage { get; }

    public IntakeOptions Intake { get; }

    public LiveOptions Live { get; }

    public ReportOptions Reports { get; }

    public LogOptions Log { get; }

    public IReadOnlyList<GlassOptions> Glasses { get; }

    /// <summary>Reads all settings and sets the address the hub listens on.</summary>
    /// <exception cref="SettingsException">Something is wrong; all of it is told at once.</exception>
    public static Settings Load(WebApplicationBuilder builder, string[] args)
    {
        // The last source wins: what is BeerTap's own in the environment, then the command line.
        builder.Configuration.AddEnvironmentVariables("BeerTap__").AddCommandLine(args);
        var settings = new Settings(builder.Configuration);
        settings.CheckNames(args);
        settings.ChooseAddress(builder);
        return settings._faults.Count == 0 ? settings : throw new SettingsException(settings._faults);
    }

    /// <summary>The addresses the hub listens on, separated by semicolons, as Kestrel takes them.</summary>
    public static string AddressesOf(IConfiguration configuration) =>
        configuration["urls"]
        ?? (configuration["HTTP_PORTS"] is { Length: > 0 } ports ? string.Join(';', ports.Split(';').Select(port => $"http://*:{port}")) : null)
        ?? $"http://{DefaultHost}:{configuration["PORT"] ?? DefaultPort}";

    private void ChooseAddress(WebApplicationBuilder builder)
    {
        var port = builder.Configuration["PORT"];
        if (port is not null && !(ushort.TryParse(port, out var number) && number > 0)) _faults.Add($"PORT must be a port number from 1 to 65535; it is '{port}'.");
        else if (builder.Configuration["HTTPS_PORTS"] is null) builder.WebHost.UseUrls(AddressesOf(builder.Configuration));
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
                property.SetValue(options, entry.Get(property.PropertyType));
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
            _faults.AddRange(GlassTypes.FaultsOf(glasses));
            return glasses;
        }
        catch (InvalidOperationException fault)
        {
            _faults.Add($"Glasses must be a list of Name, From and To (millilitres): {fault.Message}");
            return [];
        }
    }

    /// <summary>A mistyped name on the command line would otherwise be passed over in silence.</summary>
    private void CheckNames(string[] args)
    {
        string[] sections = [StorageOptions.Section, IntakeOptions.Section, LiveOptions.Section, ReportOptions.Section, LogOptions.Section, "Glasses", "Serilog", "Kestrel"];
        string[] hosts = ["urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName", "AllowedHosts", "PORT"];
        foreach (var arg in args.Where(arg => arg.StartsWith("--", StringComparison.Ordinal)))
        {
            var name = arg[2..].Split('=')[0];
            var known = hosts.Contains(name, StringComparer.OrdinalIgnoreCase)
                || (name.Contains(':', StringComparison.Ordinal) && sections.Contains(name.Split(':')[0], StringComparer.OrdinalIgnoreCase));
            if (!known) _faults.Add($"--{name} is not an option. Options are settings, such as --urls=http://localhost:8338 or --{StorageOptions.Section}:Path=data.");
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
