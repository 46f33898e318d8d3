namespace BeerTap.Client.Watch;

/// <summary>Shows how the house stands: as a table on a terminal, in a line every few seconds elsewhere.</summary>
internal sealed class WatchReport(Uri server, ConsoleReport console, Terminal? terminal, TimeProvider time) : IReport
{
    /// <summary>How often the screen is drawn, at most.</summary>
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);

    /// <summary>How often a line is written where there is no screen, while something changes.</summary>
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private readonly TapBoard _board = new(time);
    private Func<RunState>? _now;

    public void Began(Func<RunState> now) => Volatile.Write(ref _now, now);

    public void Say(string text)
    {
        _board.Say(text);
        if (terminal is null)
        {
            console.Say(text);
        }
    }

    public void Heard(FeedEvent heard) => _board.Heard(heard);

    public void Progress(string work, long done, long total)
    {
        _board.Progress(new WorkDone(work, done, total));
        if (terminal is null)
        {
            console.Progress(work, done, total);
        }
    }

    /// <summary>Gives the screen back and leaves there what was said on it, and the summary.</summary>
    public void Summary(Summary summary)
    {
        Volatile.Write(ref _now, null);
        if (terminal is not null)
        {
            terminal.GoBack();
            foreach (var said in _board.Now().Sayings)
            {
                console.Said(said);
            }
        }

        console.Summary(summary);
    }

    /// <summary>Shows how it stands for as long as <paramref name="run"/> runs; its exit code.</summary>
    public async Task<int> WhileAsync(Func<IReport, Task<int>> run, HttpClient http)
    {
        using var over = new CancellationTokenSource();
        var polling = new TapsPoll(http, () => Volatile.Read(ref _now)?.Invoke().Hub ?? server, _board, time).RunAsync(over.Token);
        var showing = ShowAsync(over.Token);
        try
        {
            return await run(this);
        }
        finally
        {
            await over.CancelAsync();
            await showing;
            await polling;
            terminal?.GoBack();
        }
    }

    private async Task ShowAsync(CancellationToken over)
    {
        string? said = null;
        using var tick = new PeriodicTimer(terminal is null ? BetweenLines : Frame, time);
        try
        {
            while (await tick.WaitForNextTickAsync(over))
            {
                if (Volatile.Read(ref _now) is not { } now)
                {
                    continue;
                }

                if (terminal is not null)
                {
                    var table = new WatchTable(terminal.Console.Profile.Capabilities.ColorSystem);
                    terminal.Show(table.Lines(_board.Now(), now(), terminal.Width, terminal.Height));
                }
                else if (WatchLine.Of(_board.Now()) is var line && line != said)
                {
                    console.Say(said = line);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
