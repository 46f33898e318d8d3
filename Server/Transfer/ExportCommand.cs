using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using BeerTap.Server.Beers;
using BeerTap.Server.Hosting;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Transfer;

/// <summary><c>export</c>: every beer that is there, as CSV or JSON lines.</summary>
internal static class ExportCommand
{
    public const string Name = "export";

    public const string Help = """
        Writes every beer that is there to a file, oldest first, also while a hub serves the store. Deleted beers are left out.

        Usage: beertap export FILE|- [--format=csv|jsonl] [--backup=FILE] [--Storage:Path=data]

          FILE            a new file; - is standard output
          --format=csv    csv (RFC 4180) or jsonl (one object a line); known by itself for .csv, .jsonl and .ndjson; csv for -
          --backup=FILE   reads a backup in the place of the store
          --Storage:Path=data   the folder of the store

        Columns: position, tapId, type, volume (ml), pouredAt, pourId, pouredAtClaimed. In a CSV file a field that a spreadsheet would take for a formula
        begins with an apostrophe, and invisible characters are written \uXXXX; 'import' takes both back. Progress goes to standard error.
        Exit code: 0 done, 1 the store is damaged, 2 could not be done.

        Examples:
          beertap export pours.csv
          beertap export - --format=jsonl | gzip > pours.jsonl.gz
          beertap export pours.csv --backup=monday.beertap
        """;

    private const int FlushEvery = 64 * 1024;

    private static readonly JsonWriterOptions Json = new() { Encoder = PlainText() };

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static int Run(TransferLine line, Progress progress)
    {
        if (!line.Storage.Provider.Equals("sqlite", StringComparison.OrdinalIgnoreCase)) throw new StoreException("export knows the sqlite store.");
        using var store = new SqliteExport(line.Storage, line.Backup);
        if (line.File == TransferLine.Stream)
        {
            using var output = Console.OpenStandardOutput();
            Write(store, line.IsCsv, output, progress);
            return 0;
        }

        var target = Path.GetFullPath(line.File);
        if (File.Exists(target)) throw new StoreException($"{target} is there already. Choose another name; nothing was written.");
        using var draft = Draft.Begin(target, progress.Say);
        using (var output = new FileStream(draft.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) Write(store, line.IsCsv, output, progress);
        draft.Finish();
        return 0;
    }

    private static void Write(SqliteExport store, bool isCsv, Stream output, Progress progress)
    {
        var buffer = new ArrayBufferWriter<byte>(2 * FlushEvery);
        if (isCsv) Text(buffer, CsvFile.Header + "\r\n");
        var beers = 0L;
        foreach (var exported in store.Read(ids => progress.At(() => string.Create(CultureInfo.InvariantCulture, $"{ids:N0} pour ids read"))))
        {
            if (isCsv) WriteCsv(buffer, store.Epoch, exported);
            else WriteJson(buffer, store.Epoch, exported);
            beers++;
            if (buffer.WrittenCount < FlushEvery) continue;
            output.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
            progress.At(() => string.Create(CultureInfo.InvariantCulture, $"{beers:N0} of {store.Beers:N0} beers"));
        }

        output.Write(buffer.WrittenSpan);
        progress.Say(string.Create(CultureInfo.InvariantCulture, $"{beers:N0} beers of the epoch {store.Epoch} up to position {store.Head}"));
    }

    private static void WriteCsv(ArrayBufferWriter<byte> buffer, string epoch, ExportedBeer exported)
    {
        var beer = exported.Beer;
        Text(buffer, CsvFile.Line(
        [
            new Position(epoch, beer.Id).ToString(),
            beer.TapId.ToString(CultureInfo.InvariantCulture),
            beer.Type,
            beer.Volume.ToString(CultureInfo.InvariantCulture),
            Instant.Text(beer.Timestamp),
            exported.PourId,
            beer.PouredAtClaimed is { } claimed ? Instant.Text(claimed) : null,
        ]) + "\r\n");
    }

    private static void WriteJson(ArrayBufferWriter<byte> buffer, string epoch, ExportedBeer exported)
    {
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            json.WriteString(Record.PositionName, new Position(epoch, exported.Beer.Id).ToString());
            json.WriteNumber(Record.TapIdName, exported.Beer.TapId);
            json.WriteString(Record.TypeName, exported.Beer.Type);
            json.WriteNumber(Record.VolumeName, exported.Beer.Volume);
            json.WriteString(Record.PouredAtName, exported.Beer.Timestamp);
            if (exported.PourId is { } pourId) json.WriteString(Record.PourIdName, pourId);
            if (exported.Beer.PouredAtClaimed is { } claimed) json.WriteString(Record.ClaimedName, claimed);
            json.WriteEndObject();
        }

        Text(buffer, "\n");
    }

    /// <summary>All is written as it is but what a reader of lines or a screen would trip over, such as U+2028.</summary>
    private static JavaScriptEncoder PlainText()
    {
        var letters = new TextEncoderSettings(UnicodeRanges.All);
        letters.ForbidCharacters([.. Enumerable.Range(0, char.MaxValue + 1).Select(letter => (char)letter).Where(letter => !Printable.IsPlain(letter))]);
        return JavaScriptEncoder.Create(letters);
    }

    private static void Text(ArrayBufferWriter<byte> buffer, string text) => Encoding.UTF8.GetBytes(text, buffer);
}
