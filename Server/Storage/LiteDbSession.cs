using LiteDB;

namespace BeerTap.Server.Storage;

/// <summary>The store between an opening of its files and the fault or shutdown that closes them.</summary>
internal sealed class LiteDbSession
{
    private readonly LiteDbFiles _files;
    private readonly LiteDbAppend _append;

    public LiteDbSession(StoreFolder folder, Func<string, FileStream> openLog, long? durable)
    {
        _files = LiteDbFiles.Open(folder, openLog, durable);
        try
        {
            Epoch = LiteDbSchema.Open(_files, folder.EpochOfNew);
            var types = new LiteDbTypes();
            foreach (var type in _files.Engine.All(LiteDbDocuments.Types)) types.Add(type["n"].AsString);
            var pours = new LiteDbPours(_files.Engine);
            _append = new LiteDbAppend(_files.Engine, types, pours);
            Reader = new LiteDbReader(_files.Engine, types, pours);
        }
        catch
        {
            _files.Dispose();
            throw;
        }
    }

    public string Epoch { get; }

    public LiteDbReader Reader { get; }

    public long ReadHead() => _files.Engine.Last(LiteDbDocuments.Log)?["_id"].AsInt64 ?? 0;

    /// <inheritdoc cref="IBeerStore.Bookmark"/>
    public byte[]? ReadBookmark() => _files.Engine.Find(LiteDbDocuments.Meta, LiteDbSchema.BookmarkName)?["v"].AsBinary;

    public void Append(LogBatch batch) => _files.Commit(() => _append.Write(batch));

    /// <summary>Closes after a fault; gives up to where the log is good.</summary>
    public long Abandon()
    {
        try
        {
            _files.Dispose();
        }
        catch (Exception fault) when (fault is IOException or LiteException)
        {
            // The fault that led here is the one to tell.
        }

        return _files.Durable;
    }

    /// <summary>Moves what the log holds into the data and closes.</summary>
    public void Close()
    {
        try
        {
            _files.Checkpoint();
        }
        catch (Exception fault) when (fault is IOException or LiteException)
        {
            // The log holds all of it; the next start reads it from there.
        }

        _files.Dispose();
    }
}
