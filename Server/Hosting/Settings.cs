using System.ComponentModel.DataAnnotations;
using System.Reflection;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Replication;
using BeerTap.Server.Reports;
using BeerTap.Server.Security;
using BeerTap.Server.Storage;
using Microsoft.Extensions.Configuration.Json;

namespace BeerTap.Server.Hosting;

/// <summary>
/// The hub's configuration: <c>appsettings.json</c> beside the program, then environment (<c>BeerTap__Storage__Path</c>, and <c>PORT</c> as in the
/// original system), then command line (<c>--Storage:Path=…</c>). Everything is checked at start and all faults are told at once.
/// </summary>
internal sealed class Settings
{
    private static readonly string[] Sections = [StorageOptions.Section, IntakeOptions.Section, LiveOptions.Section, ReportOptions.Section, LogOptions.Section, SecurityOptions.Section, LimitOptions.Section, HealthOptions.Section, ReplicationOptions.Section, "Telemetry", "Glasses", "Serilog", "Kestrel"];

    private static readonly string[] Hosts = ["urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName", "AllowedHosts", "PORT"];

    private readonly List<string> _faults = [];

    private Settings(IConfiguration configuration)
    {
        Storage = Read<StorageOptions>(configuration, StorageOptions.Section);
        Intake = Read<IntakeOptions>(configuration, IntakeOptions.Section);
        Live = Read<LiveOptions>(configuration, LiveOptions.Section);
        Reports = Read<ReportOptions>(configuration, ReportOptions.Section);
        Limits = Read<LimitOptions>(configuration, LimitOptions.Section);
        _faults.AddRange(Descriptors.FaultsOf(Descriptors.Limit));
        Log = Read<LogOptions>(configuration, LogOptions.Section);
        Health = Read<HealthOptions>(configuration, HealthOptions.Section);
        Replication = Read<ReplicationOptions>(configuration, ReplicationOptions.Section);
        _faults.AddRange(Replication.Faults());
        Telemetry = Read<TelemetryOptions>(configuration, TelemetryOptions.Section);
        _faults.AddRange(Telemetry.Faults());
        _faults.AddRange(Telemetry.FaultsOfVariables(configuration));
        _faults.AddRange(configuration.GetSection("Telemetry").GetChildren().Where(part => !part.Key.Equals("Otlp", StringComparison.OrdinalIgnoreCase)).Select(part => $"{part.Path} is not a setting. Telemetry has: Otlp."));
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

    public HealthOptions Health { get; }

    public ReplicationOptions Replication { get; }

    public TelemetryOptions Telemetry { get; }

    public SecurityOptions Security { get; }

    public IReadOnlyList<GlassOptions> Glasses { get; }

    /// <summary>What the framework can read of a command line; it breaks off at short switches, which are faults told with all others.</summary>
    public static string[] Readable(string[] args) =>
        [.. args.Where(arg => !arg.StartsWith('-') || arg.StartsWith("--", StringComparison.Ordinal))];

    /// <summary>Reads all settings and sets the address the hub listens on.</summary>
    /// <exception cref="SettingsException">Something is wrong; all of it is told at once.</exception>
    public static Settings Load(WebApplicationBuilder builder, string[] args)
    {
        // The last source wins: the environment, where what is BeerTap's own is said last, then the command line.
        builder.Configuration.AddEnvironmentVariables("ASPNETCORE_").AddEnvironmentVariables("BeerTap__").AddCommandLine(Readable(args));
        var settings = new Settings(builder.Configuration);
        settings.CheckNames(args);
        settings.CheckSections(builder.Configuration);
        settings.CheckLogFile();
        settings.ChooseAddress(builder);
        return settings._faults.Count == 0 ? settings : throw new SettingsException(settings._faults);
    }

    private void ChooseAddress(WebApplicationBuilder builder)
    {
        var addresses = Addresses.Of(builder.Configuration);
        _faults.AddRange(Addresses.FaultsOf(builder.Configuration));
        if (string.IsNullOrEmpty(builder.Configuration["HTTPS_PORTS"])) builder.WebHost.UseUrls(addresses);
    }

    private T Read<T>(IConfiguration configuration, string section)
        where T : class, new()
    {
        // Logging has keys of the framework's own beside BeerTap's.
        var options = Bind(new T(), configuration.GetSection(section), section, strict: section != LogOptions.Section);
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        _faults.AddRange(results.Select(result => Describe(section, options, result)));
        return options;
    }

    /// <summary>Sets the properties that a section names; a name that is none and a value that is of another kind are faults.</summary>
    private T Bind<T>(T options, IConfigurationSection section, string path, bool strict)
        where T : class
    {
        foreach (var entry in section.GetChildren())
        {
            var property = PropertyOf(typeof(T), entry.Key);
            if (property is null)
            {
                if (strict) _faults.Add($"{path}:{entry.Key} is not a setting. {path} has: {string.Join(", ", typeof(T).GetProperties().Select(p => p.Name))}.");
                continue;
            }

            try
            {
                // A bare number would be taken for days.
                if (property.PropertyType == typeof(TimeSpan) && entry.Value?.Contains(':', StringComparison.Ordinal) != true) throw new InvalidOperationException();

                // A list may stand in one line: the environment and the command line have no better way.
                var value = property.PropertyType == typeof(string[]) && entry.Value is { } line
                    ? line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                    : entry.Get(property.PropertyType);
                property.SetValue(options, value);
            }
            catch (InvalidOperationException)
            {
                _faults.Add($"{path}:{property.Name} must be {KindOf(property.PropertyType)}; it is '{entry.Value}'.");
            }
        }

        return options;
    }

    private GlassOptions[] ReadGlasses(IConfigurationSection section)
    {
        // Row by row: the framework's binder leaves out a row that it cannot read, without a word.
        var before = _faults.Count;
        var glasses = section.GetChildren().Select(row => ReadGlass(row)).ToArray();
        if (_faults.Count == before) _faults.AddRange(GlassTypes.FaultsOf(glasses));
        return glasses;
    }

    private GlassOptions ReadGlass(IConfigurationSection row)
    {
        if (row.Value is not null) _faults.Add($"{row.Path} must have Name, From and To; it is '{row.Value}'.");
        foreach (var field in new[] { nameof(GlassOptions.Name), nameof(GlassOptions.From), nameof(GlassOptions.To) })
        {
            if (row.Value is null && row[field] is null) _faults.Add($"{row.Path}:{field} is missing.");
        }

        return Bind(new GlassOptions(), row, row.Path, strict: true);
    }

    /// <summary>What is mistyped on the command line would otherwise be passed over in silence.</summary>
    private void CheckNames(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                _faults.Add($"'{args[i]}' is not understood. Settings are given as --Name=value; --help lists the most used.");
                continue;
            }

            var name = args[i][2..].Split('=')[0];
            var known = Hosts.Contains(name, StringComparer.OrdinalIgnoreCase)
                || (name.Contains(':', StringComparison.Ordinal) && Sections.Contains(name.Split(':')[0], StringComparer.OrdinalIgnoreCase));
            if (!known) _faults.Add($"--{name} is not an option. Options are settings, such as --urls=http://localhost:8338 or --{StorageOptions.Section}:Path=data.");
            if (args[i].Contains('=', StringComparison.Ordinal)) continue;

            // '--Name value' is taken too.
            if (i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal)) i++;
            else _faults.Add($"--{name} needs a value: --{name}=value.");
        }
    }

    /// <summary>Nor is a section passed over that is mistyped in the file or behind <c>BeerTap__</c> in the environment.</summary>
    private void CheckSections(IConfigurationManager configuration)
    {
        var inFile = ((IConfigurationRoot)configuration).Providers.OfType<JsonConfigurationProvider>()
            .SelectMany(file => file.GetChildKeys([], null)
                .Select(key => (Key: key, IsText: file.TryGet(key, out var text) && !string.IsNullOrEmpty(text), Where: file.Source.Path ?? "the file")));
        var inEnvironment = new ConfigurationBuilder().AddEnvironmentVariables("BeerTap__").Build().GetChildren()
            .Select(section => (section.Key, IsText: !string.IsNullOrEmpty(section.Value), Where: "the environment, behind BeerTap__"));
        foreach (var (key, isText, where) in inFile.Concat(inEnvironment).Distinct())
        {
            if (!Sections.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                if (!Hosts.Contains(key, StringComparer.OrdinalIgnoreCase))
                {
                    _faults.Add($"{key} (in {where}) is not a section. Sections are: {string.Join(", ", Sections)}.");
                }
            }
            else if (isText)
            {
                // It would be passed over without a word: Security=keys is not Security:Reading=keys.
                _faults.Add($"{key} (in {where}) must hold settings, such as {key}:Name; it is text.");
            }
        }
    }

    /// <summary>Serilog would go on without a file it cannot write, and say so to nobody.</summary>
    private void CheckLogFile()
    {
        if (Log.File.Length == 0) return;
        try
        {
            var file = Path.GetFullPath(Log.File);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var probe = Path.Combine(Path.GetDirectoryName(file)!, $".{Path.GetFileName(file)}.{Environment.ProcessId}");
            using var written = new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            if (Directory.Exists(file)) throw new IOException("It is a folder.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _faults.Add($"Logging:File '{Log.File}' cannot be written: {fault.Message}");
        }
    }

    private static PropertyInfo? PropertyOf(Type type, string name) =>
        type.GetProperty(name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);

    private static string KindOf(Type type) =>
        type == typeof(int) || type == typeof(long) ? "a whole number" : type == typeof(double) ? "a number" : type == typeof(bool) ? "true or false" : type == typeof(TimeSpan) ? "a time as hours, minutes and seconds, such as 00:00:10" : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}" : "text";

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
