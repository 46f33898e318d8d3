namespace BeerTap.Client.Load;

/// <summary>What a load was asked to do; the defaults live here and nowhere else.</summary>
internal sealed record LoadOptions
{
    public const int MostTaps = 10_000;
    public const int MostListeners = 10_000;
    public const int MostInFlight = 10_000;
    public const double MostPerSecond = 100_000;

    /// <summary>The hub's address; ends in a slash.</summary>
    public required Uri Server { get; init; }

    public int FirstTap { get; init; } = 1;

    /// <summary>How many taps pour, by turns.</summary>
    public int Taps { get; init; } = 10;

    /// <summary>Pours a second, all taps together, whether or not the hub keeps up.</summary>
    public double Rate { get; init; } = 100;

    /// <summary>How long is measured.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Poured before that at the same rate: proved like the rest, but not measured.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Listeners on each of <see cref="Feeds"/>.</summary>
    public int Listeners { get; init; } = 1;

    public IReadOnlyList<FeedKind> Feeds { get; init; } = [FeedKind.SignalR, FeedKind.WebSocket, FeedKind.Sse];

    /// <summary>Posts under way at the same time, each on a connection of its own.</summary>
    public int InFlight { get; init; } = 256;

    /// <summary>Where the result is written as JSON; null: nowhere.</summary>
    public string? JsonFile { get; init; }

    public string? ApiKey { get; init; }

    /// <summary>Hosts that the key may go to when a hub sends its listeners there.</summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    /// <summary>Pours that belong to the warm-up.</summary>
    public int WarmUpPours => (int)Math.Round(Rate * WarmUp.TotalSeconds);

    public int Pours => WarmUpPours + (int)Math.Round(Rate * Duration.TotalSeconds);
}
