using System.Globalization;
using System.Text;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Transfer;

/// <summary>Makes a pour of a record, with the reader of <c>POST /api/beers</c>, or says what is wrong with it.</summary>
/// <param name="source">A name for the file, so that its lines have ids of their own where they bring none; null when it has none.</param>
internal sealed class PourCheck(GlassTypes glasses, string? source, TimeProvider time)
{
    private readonly PourReader _reader = new(glasses, new PourTimes(time));

    /// <summary>The pour, always with an id, and the position it had where it comes from, if it has no other id.</summary>
    public (PourBeer? Pour, Position? Position, string? Fault) Of(Record record)
    {
        if (record.Fault is not null) return (null, null, record.Fault);
        return _reader.ReadExported(Encoding.UTF8.GetBytes(record.Json), position =>
            position?.ToString() ?? (source is null ? null : string.Create(CultureInfo.InvariantCulture, $"{source}:{record.Line}")));
    }
}
