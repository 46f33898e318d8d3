using System.Reflection;

namespace BeerTap.Server.Hosting;

/// <summary>What the hub says of itself on the command line.</summary>
internal static class Usage
{
    public const string Text = """
        BeerTap: takes pours from beer taps over REST, keeps them, and tells every listener over SignalR, WebSocket and SSE.

        Usage: beertap [serve] [--Setting=value …]
               beertap keys|backup|restore|check|export|import|drain …

          serve                          runs the hub; what is done when no command is named
          keys add|list|revoke           keys for taps, viewers and operators
          backup FILE, restore FILE      a copy of the store in one file, also while a hub serves it; a store from one
          check [FILE]                   reads a store, or a backup, in full
          export FILE, import FILE       pours as CSV or JSON lines
          drain [--to URL]               asks a running hub to send its listeners away, elsewhere if told so, and to end
        More, with examples: --help behind a command. beertap stands for however the program is started: 'dotnet run --project Server --' in a
        checkout, 'dotnet BeerTap.Server.dll' in the image, a link to it where it is installed.

          --urls=http://localhost:8338   where to listen (environment: PORT, or ASPNETCORE_URLS)
          --Storage:Path=data            the folder of the store
          --Storage:Provider=sqlite      sqlite, or litedb when built with -p:LiteDb=true
          --Reports:EveryBeers=10        a share report after so many beers
          --Reports:Interval=00:00:10    and at least so often while something changed
          --Logging:Format=text          text or json
          --Logging:Level=Information    Verbose, Debug, Information, Warning, Error or Fatal
          --health, --health=live        ask the hub at the same address whether it is ready, or lives: exit 0 or 1
          --help, --version

        Examples:
          beertap serve --Storage:Path=/var/lib/beertap --urls=http://localhost:8338
          BeerTap__Telemetry__Otlp__Endpoint=http://collector:4317 beertap

        Every setting can stand in appsettings.json, in the environment (BeerTap__Storage__Path=data) or on the command line; the last wins.
        All settings: docs/configuration.md.
        """;

    public static string Version { get; } =
        typeof(Usage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The settings of the hub, when it is asked by name to serve.</summary>
    public static string[] WithoutServe(string[] args) => args is ["serve", .. var settings] ? settings : args;

    /// <summary>The answer to a question about the program itself, or null when it is to serve.</summary>
    public static string? AnswerTo(string[] args) =>
        args.Any(arg => arg is "--help" or "-h" or "-?") ? Text
        : args.Contains("--version") ? Version
        : null;
}
