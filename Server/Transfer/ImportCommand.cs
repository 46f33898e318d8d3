using System.Globalization;
using System.Text;
using BeerTap.Server.Beers;
using BeerTap.Server.Live;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Transfer;

/// <summary><c>import</c>: pours from CSV or JSON lines into the store of a hub that is stopped, exactly once however often it is run.</summary>
internal static class ImportCommand
{
    public const string Name = "import";

    public const string Help = """
        Adds the pours of a file to the store of a hub that is stopped, each exactly once: run again, it adds nothing.

        Usage: beertap import FILE|- [--format=csv|jsonl] [--source=NAME] [--holds=POSITION] [--Storage:Path=data]

          FILE            a file; - is standard input
          --format=csv    csv (RFC 4180) or jsonl (one object a line); known by itself for .csv, .jsonl and .ndjson; csv for -
          --source=NAME   a name for the file, for lines that have neither pourId nor position: they get the pour id NAME:LINE
          --holds=POSITION   the store holds this log up to here, as after a restore: lines without a pourId are passed over up to it
          --Storage:Path=data   the folder of the store; made when it is not there

        Columns, by name in the first line of a CSV file, in any order: tapId, volume (ml) and pouredAt; pourId, position, type and
        pouredAtClaimed if known. Lines are read by the rules of POST /api/beers. One with a position comes from a hub, and keeps its time and
        type as they are; in any other a pouredAt that cannot be (before 2000, more than a day ahead) becomes pouredAtClaimed.
        A pour is known again by its tap and pourId; one without has its position as its pour id, and is passed over where the position is one
        of this very store. Without a type the volume says which glass it is. Pours get new positions, in the order of the file.

        A line that is not good is told with its number on standard error, and the others are added. Progress goes there too.
        Exit code: 0 all lines are in the store, 1 some are not, 2 could not be done.

        Examples:
          beertap import pours.csv
          gunzip -c pours.jsonl.gz | beertap import - --format=jsonl --Storage:Path=/var/lib/beertap
          beertap import till.csv --source=till-2026-05
        """;

    private const int MostInOneCommit = 1_000;
    private const int NotAll = 1;

    /// <exception cref="StoreException">The store cannot be opened or written; what was committed before is in it.</exception>
    /// <exception cref="InvalidDataException">The file is none of that format.</exception>
    public static int Run(TransferLine line, Progress progress, TimeProvider time)
    {
        using var input = line.File == TransferLine.Stream ? Console.OpenStandardInput() : File.OpenRead(line.File);
        using var reader = new StreamReader(input, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 64 * 1024);
        var letters = new Letters(reader);
        var records = line.IsCsv ? CsvFile.Read(letters, progress.Say) : JsonLines.Read(letters);

        using var store = Open(line.Storage, progress.Say);
        if (store.Bookmark is not null) throw new StoreException("This store is one of several hubs' on a shared log; what is added to it alone is on no other hub. Post the pours to one of them: POST /api/beers/batch.");
        foreach (var warning in store.Warnings) progress.Say(warning);
        var import = new Import(store, new PourCheck(line.Glasses, line.Source, time), line.Limits.Taps, line.Holds, progress.Say);
        foreach (var record in records)
        {
            import.Add(record);
            progress.At(import.ToString);
        }

        import.Commit();
        progress.Say(string.Create(CultureInfo.InvariantCulture, $"{import}. {Path.GetFullPath(line.Storage.Path)} holds epoch {store.Epoch} up to position {import.Head}"));
        return import.Bad == 0 ? 0 : NotAll;
    }

    private static IBeerStore Open(StorageOptions storage, Action<string> say)
    {
        try
        {
            return Storage.Registration.Open(storage, say: say);
        }
        catch (StoreException fault) when (fault.Fault == StoreFault.Held)
        {
            throw new StoreException(
                $"The folder {Path.GetFullPath(storage.Path)} is held by a hub. Stop it to import, or post the pours to it: POST /api/beers/batch.", fault, StoreFault.Held);
        }
    }

    /// <summary>Commits records as the hub would, a thousand at a time, and counts what became of them.</summary>
    private sealed class Import(IBeerStore store, PourCheck check, int mostTaps, Position? holds, Action<string> say)
    {
        private readonly Sequencer _sequencer = new(store);
        private readonly long _oldHead = store.Head;
        private readonly HashSet<int> _taps = [.. store.ReadTotals().Select(total => total.TapId)];
        private LogBatch _batch = new(store.Head);
        private long _poured;
        private long _before;

        public long Bad { get; private set; }

        public long Head => _batch.Head;

        public void Add(Record record)
        {
            var (pour, position, fault) = check.Of(record);
            if (pour is null) Refuse(record.Line, fault!);
            else if (position is { } at && (IsUpTo(at, new Position(store.Epoch, _oldHead)) || IsUpTo(at, holds))) _before++;
            else if (mostTaps > 0 && _taps.Count >= mostTaps && !_taps.Contains(pour.TapId))
            {
                var tooMany = $"tap {pour.TapId} is one more than Limits:Taps ({mostTaps}) allows; raise it with --Limits:Taps=NUMBER";
                Refuse(record.Line, tooMany);
            }
            else
            {
                _taps.Add(pour.TapId);
                var outcome = _sequencer.Decide(pour, _batch);
                switch (outcome.Kind)
                {
                    case OutcomeKind.Poured: _poured++; break;
                    case OutcomeKind.Replayed: _before++; break;
                    default: Refuse(record.Line, Refusals.PourIdReused(outcome.Beer!, pour.PourId!).Detail!); break;
                }
            }

            if (_batch.Events.Count == MostInOneCommit) Commit();
        }

        public void Commit()
        {
            if (_batch.Events.Count == 0) return;
            store.Append(_batch);
            _batch = new LogBatch(_batch.Head);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_poured:N0} added, {_before:N0} there before, {Bad:N0} not good");

        private static bool IsUpTo(Position position, Position? last) => position.Epoch == last?.Epoch && position.Seq <= last?.Seq;

        private void Refuse(long line, string fault)
        {
            Bad++;
            say(string.Create(CultureInfo.InvariantCulture, $"line {line}: {fault}"));
        }
    }
}
