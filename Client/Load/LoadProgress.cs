using Spectre.Console;

namespace BeerTap.Client.Load;

/// <summary>Shows how far a load has come: by bars on a terminal, in a line every few seconds elsewhere.</summary>
internal sealed class LoadProgress(LoadOptions options, LoadRun run, ConsoleReport console, Terminal? terminal, TimeProvider time)
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    private int Connected => run.Listeners.Count(listener => listener.Feed.Listening);

    private long Heard => run.Listeners.Sum(listener => (long)listener.HeardPours.Count);

    private int Listeners => options.Listeners * options.Feeds.Count;

    public async Task WhileAsync(Task running)
    {
        if (terminal is null)
        {
            await LinesAsync(running);
            return;
        }

        var bars = terminal.Console.Progress().AutoClear(true).Columns(
            new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn());
        bars.RefreshRate = Frame;
        await bars.StartAsync(context => BarsAsync(context, running));
    }

    private async Task BarsAsync(ProgressContext context, Task running)
    {
        var listeners = context.AddTask("listeners", maxValue: Math.Max(1, Listeners));
        var poured = context.AddTask("poured", maxValue: options.Pours);
        var acknowledged = context.AddTask("acknowledged", maxValue: options.Pours);
        var heard = context.AddTask("heard", maxValue: Math.Max(1, (double)options.Pours * Listeners));
        do
        {
            (listeners.Value, poured.Value, acknowledged.Value, heard.Value) = (Listeners == 0 ? 1 : Connected, run.Book.Begun, run.Book.Acknowledged.Count, Listeners == 0 ? 1 : Heard);
            listeners.Description = $"{Connected} listeners";
            poured.Description = $"{run.Book.Begun} poured, {run.Book.InFlight} under way";
            acknowledged.Description = $"{run.Book.Acknowledged.Count} acknowledged";
            heard.Description = $"{Heard} heard";
        }
        while (await Task.WhenAny(running, Task.Delay(Frame, time, CancellationToken.None)) != running);
    }

    private async Task LinesAsync(Task running)
    {
        while (await Task.WhenAny(running, Task.Delay(BetweenLines, time, CancellationToken.None)) != running)
        {
            console.Say($"{Connected} listeners, {run.Book.Begun} of {options.Pours} poured, {run.Book.InFlight} under way, {run.Book.Acknowledged.Count} acknowledged, {Heard} heard");
        }
    }
}
