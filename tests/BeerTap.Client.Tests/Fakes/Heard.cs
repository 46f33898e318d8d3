using System.Collections.Concurrent;
using System.Text;

namespace BeerTap.Client.Tests.Fakes;

/// <summary>What a report said, line by line.</summary>
internal sealed class Heard : TextWriter
{
    private readonly ConcurrentQueue<string> _lines = [];

    public Heard(bool quiet = false, TimeProvider? time = null) => Report = new ConsoleReport(this, time ?? TimeProvider.System, quiet);

    public ConsoleReport Report { get; }

    public IReadOnlyList<string> Lines => [.. _lines];

    public override Encoding Encoding => Encoding.UTF8;

    public int Count(string words) => _lines.Count(line => line.Contains(words, StringComparison.Ordinal));

    public override void WriteLine(string? value) => _lines.Enqueue(value ?? "");

    public override void Write(string? value)
    {
        if (!string.IsNullOrEmpty(value)) _lines.Enqueue(value);
    }

    public override string ToString() => string.Join('\n', _lines);
}
