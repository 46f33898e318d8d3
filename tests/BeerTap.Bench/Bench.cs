namespace BeerTap.Bench;

/// <summary>One question and the figures that answer it.</summary>
internal abstract class Bench(string name, string question)
{
    public string Name { get; } = name;

    public string Question { get; } = question;

    public abstract Task RunAsync(Plan plan, Board board, CancellationToken cancel);
}
