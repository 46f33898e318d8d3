using System.Text.Json;

namespace BeerTap.Server.Hosting;

/// <summary>Reads <c>appsettings.json</c>, and says where and why it cannot be read.</summary>
internal static class ConfigurationFile
{
    /// <summary>
    /// Keeps the framework from watching files: the settings are read once. Each watch of the system takes an inotify instance, and where none is
    /// left the hub would not start. Certificates, which Kestrel reads again when they change, are looked at every few seconds instead.
    /// </summary>
    private const string NoReload = "--hostBuilder:reloadConfigOnChange=false", Polling = "DOTNET_USE_POLLING_FILE_WATCHER";

    /// <summary>Makes the builder of a hub whose files lie beside the program.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public static WebApplicationBuilder BuilderOf(string[] args)
    {
        if (Environment.GetEnvironmentVariable(Polling) is null)
        {
            Environment.SetEnvironmentVariable(Polling, "1");
        }

        // The program's own files lie beside it; the store lies where the hub is started.
        var options = new WebApplicationOptions { Args = [.. Settings.Readable(args), NoReload], ContentRootPath = AppContext.BaseDirectory };
        return Explained(() => WebApplication.CreateBuilder(options));
    }

    /// <summary>Reads the settings of a command: the file, the environment, and what stands on the command line.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public static IConfigurationRoot OfCommand(string[] settings, bool withHost = false)
    {
        var builder = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true);
        if (withHost)
        {
            builder.AddEnvironmentVariables("ASPNETCORE_");
        }

        return Explained(() => builder.AddEnvironmentVariables().AddEnvironmentVariables("BeerTap__").AddCommandLine(settings).Build());
    }

    private static T Explained<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException ex)
        {
            // The framework's message names the file and says no more; the causes are inside.
            throw new SettingsException([$"{FileOf(ex.Message)} cannot be read as configuration: {CauseOf(ex)}"]);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([$"The configuration cannot be read: {ex.Message}"]);
        }
    }

    /// <summary>Gets the place and the cause of a fault in JSON, counted from 1 as editors do.</summary>
    public static string Describe(JsonException ex)
    {
        var place = ex.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var cause = place < 0 ? ex.Message : ex.Message[..place];
        return FormattableString.Invariant($"line {ex.LineNumber + 1}, column {ex.BytePositionInLine + 1}: {cause}");
    }

    private static string FileOf(string message) => message.Split('\'') is [_, var file, ..] ? file : "The file";

    private static string CauseOf(Exception ex)
    {
        var cause = ex;
        while (cause is not JsonException && cause.InnerException is { } inner)
        {
            cause = inner;
        }

        return cause is JsonException json ? Describe(json) : cause.Message;
    }
}
