using BeerTap.Server.Beers;
using LiteDB;
using LiteDB.Engine;

namespace BeerTap.Server.Storage;

/// <summary>Writes a batch within the transaction that is open.</summary>
internal sealed class LiteDbAppend(LiteEngine engine, LiteDbTypes types, LiteDbPours pours)
{
    public void Write(LogBatch batch)
    {
        AddTypes(batch);
        pours.Add(batch);
        var pourIds = batch.Pours.ToDictionary(pour => pour.Value.Id, pour => pour.Key.PourId);
        engine.Insert(LiteDbDocuments.Log, batch.Events.Select(entry => ToDocument(entry, pourIds)), BsonAutoId.Int64);
        foreach (var deletion in batch.Events.OfType<BeerDeleted>())
            engine.Update(LiteDbDocuments.Log, [LiteDbDocuments.Delete(engine.Find(LiteDbDocuments.Log, deletion.Beer.Id)!, deletion.Seq)]);
        engine.Upsert(LiteDbDocuments.Totals, batch.Totals.Select(AddToTotal).ToList(), BsonAutoId.ObjectId);
        engine.Upsert(LiteDbDocuments.Hourly, HourlyChanges(batch).Select(AddToHourly).ToList(), BsonAutoId.ObjectId);
        engine.Upsert(LiteDbDocuments.Hours, HourRanges(batch).Select(WidenHour).ToList(), BsonAutoId.Int64);
        if (batch.Bookmark is { } bookmark) engine.Upsert(LiteDbDocuments.Meta, [new BsonDocument { ["_id"] = LiteDbSchema.BookmarkName, ["v"] = bookmark }], BsonAutoId.ObjectId);
    }

    private void AddTypes(LogBatch batch)
    {
        foreach (var name in batch.Totals.Keys.Select(key => key.Type).Distinct().Where(name => types.Find(name) is null).ToList())
            engine.Insert(LiteDbDocuments.Types, [new BsonDocument { ["_id"] = types.Add(name), ["n"] = name }], BsonAutoId.Int32);
    }

    private BsonDocument ToDocument(LogEvent entry, Dictionary<long, string> pourIds) => entry switch
    {
        BeerPoured { Beer: var beer } => LiteDbDocuments.Poured(beer, types.NumberOf(beer.Type), pourIds.GetValueOrDefault(beer.Id)),
        BeerDeleted deletion => LiteDbDocuments.Deleted(deletion),
        _ => throw new ArgumentOutOfRangeException(nameof(entry), entry, "This event is unknown."),
    };

    private BsonDocument AddToTotal(KeyValuePair<(int TapId, string Type), TotalsChange> change)
    {
        var series = LiteDbDocuments.Series(change.Key.TapId, types.NumberOf(change.Key.Type));
        var document = Counted(LiteDbDocuments.Totals, series, change.Value);
        var before = document["l"].IsNull ? 0 : document["l"].AsInt64;
        document["l"] = change.Value.LastPour is { } last ? Clock.ToUnix(last) : before;
        return document;
    }

    private BsonDocument AddToHourly(KeyValuePair<(long Hour, int TapId, int Type), TotalsChange> change) =>
        Counted(LiteDbDocuments.Hourly, LiteDbDocuments.Key(change.Key.TapId, change.Key.Type, change.Key.Hour), change.Value);

    private BsonDocument Counted(string collection, BsonValue id, TotalsChange change)
    {
        var before = engine.Find(collection, id) ?? new BsonDocument { ["_id"] = id, ["n"] = 0L, ["u"] = 0L };
        before["n"] = before["n"].AsInt64 + change.Beers;
        before["u"] = before["u"].AsInt64 + change.Units;
        return before;
    }

    /// <summary>The hourly changes of each tap, and of all taps together so that a count without a tap reads one number an hour.</summary>
    private Dictionary<(long Hour, int TapId, int Type), TotalsChange> HourlyChanges(LogBatch batch)
    {
        var changes = new Dictionary<(long, int, int), TotalsChange>();
        foreach (var ((hour, tapId, name), change) in batch.Hourly())
        {
            var type = types.NumberOf(name);
            changes[(hour, tapId, type)] = change;
            var all = (hour, LiteDbDocuments.AllTaps, type);
            changes[all] = changes.GetValueOrDefault(all).Plus(change);
        }

        return changes;
    }

    private static Dictionary<long, (long First, long Last)> HourRanges(LogBatch batch)
    {
        var hours = new Dictionary<long, (long First, long Last)>();
        foreach (var beer in batch.Events.OfType<BeerPoured>().Select(entry => entry.Beer))
        {
            var hour = Hours.Of(beer.Timestamp);
            hours[hour] = (hours.TryGetValue(hour, out var range) ? range.First : beer.Id, beer.Id);
        }

        return hours;
    }

    private BsonDocument WidenHour(KeyValuePair<long, (long First, long Last)> hour)
    {
        var before = engine.Find(LiteDbDocuments.Hours, hour.Key);
        return new BsonDocument { ["_id"] = hour.Key, ["f"] = before?["f"].AsInt64 ?? hour.Value.First, ["l"] = hour.Value.Last };
    }
}
