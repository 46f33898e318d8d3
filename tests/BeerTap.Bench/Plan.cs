namespace BeerTap.Bench;

/// <summary>How thoroughly to measure.</summary>
/// <param name="Patient">Waits for other work on the machine to pause, and measures again what it disturbed.</param>
/// <param name="Runs">Figures are medians of so many runs, ratios the median of the ratios within each run.</param>
/// <param name="WarmUp">Long enough for the compiler of the runtime to have seen the load.</param>
/// <param name="Original">The command that starts the original system, with <c>{port}</c> in it; null: it is left out.</param>
/// <param name="Beers">The sizes that the store is filled to.</param>
internal sealed record Plan(bool Quick, bool Patient, int Runs, TimeSpan WarmUp, TimeSpan Time, string? Original, long[] Beers)
{
    public const int Listeners = 1_000, ManyListeners = 8_000, Posters = 64, BatchPours = 100;
}
