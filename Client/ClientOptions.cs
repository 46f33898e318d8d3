namespace BeerTap.Client;

internal enum FeedKind
{
    SignalR,
    WebSocket,
    Sse,
}

/// <summary>What a run was asked to do; the defaults live here and nowhere else.</summary>
internal sealed record ClientOptions
{
    public const int DefaultPort = 8338;
    public const int MostTaps = 10_000;

    /// <summary>The hub's address; ends in a slash, so that a path below which the hub is mounted is kept.</summary>
    public Uri Server { get; init; } = new($"http://localhost:{DefaultPort}/");

    public int FirstTap { get; init; } = 1;

    /// <summary>How many taps this process plays: <see cref="FirstTap"/> and those that follow; 0: it only listens.</summary>
    public int Taps { get; init; } = 1;

    /// <summary>Mean time between two pours of one tap; zero: the next one as soon as the last is acknowledged.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(2);

    public int Seed { get; init; }

    /// <summary>Pours per tap, then the run ends; null: no end.</summary>
    public long? Count { get; init; }

    /// <summary>Where to start listening: a position, <c>earliest</c>, or null for what happens from now on.</summary>
    public string? After { get; init; }

    public FeedKind Feed { get; init; } = FeedKind.SignalR;

    public string? SpoolFile { get; init; }

    /// <summary>How many unacknowledged pours this process keeps, over all taps.</summary>
    public int SpoolLimit { get; init; } = 10_000;

    /// <summary>Show how the house stands in place of telling what happens.</summary>
    public bool Watch { get; init; }

    public bool Quiet { get; init; }

    public string? ApiKey { get; init; }

    /// <summary>The file that <see cref="ApiKey"/> was read from; null when it was given as text.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>Hosts that the key may go to when a hub sends its listeners there.</summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];
}
