using System.Reflection;

namespace BeerTap.Server.Hosting;

/// <summary>What the hub says of itself on the command line.</summary>
internal static class Usage
{
    public const string Text = """
        BeerTap: takes pours from beer taps over REST, keeps them, and tells every listener over SignalR, WebSocket and SSE.

        Usage: dotnet run --project Server [-- [COMMAND] --Setting=value …]
               dotnet run --project Server -- keys add|list|revoke

          --urls=http://localhost:8338   where to listen (environment: PORT, or ASPNETCORE_URLS)
          --Storage:Path=data            the folder of the store
          --Storage:Provider=sqlite      sqlite, or litedb when built with -p:LiteDb=true
          --Reports:EveryBeers=10        a share report after so many beers
          --Reports:Interval=00:00:10    and at least so often while something changed
          --Logging:Format=text          text or json
          --Logging:Level=Information    Verbose, Debug, Information, Warning, Error or Fatal
          --health                       ask the hub at the same address whether it is ready: exit 0 or 1
          --help, --version

          backup FILE, restore FILE, check [FILE]   look after the store; more with --help behind one of them

        Every setting can stand in appsettings.json, in the environment (BeerTap__Storage__Path=data) or on the command line; the last wins.
        All settings: README.md.
        """;

    public static string Version { get; } =
        typeof(Usage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The answer to a question about the program itself, or null when it is to serve.</summary>
    public static string? AnswerTo(string[] args) =>
        args.Any(arg => arg is "--help" or "-h" or "-?") ? Text
        : args.Contains("--version") ? Version
        : null;
}
