using BeerTap.Server.Storage;
using BeerTap.Server.Tests.Storage;

namespace BeerTap.Server.Tests.Replication;

/// <summary>What a store in memory leaves behind for the next one.</summary>
internal sealed class MemoryDisk
{
    private readonly ModelStore _model = new();
    private List<LogBatch> _batches = [];
    private byte[]? _bookmark;

    public MemoryDisk(params PourBeer[] before)
    {
        var batch = new LogBatch(0);
        foreach (var pour in before) batch.Pour(pour);
        _model.Append(batch);
    }

    private byte[]? Bookmark => _batches.LastOrDefault(batch => batch.Bookmark is not null)?.Bookmark ?? _bookmark;

    public IBeerStore Open()
    {
        _bookmark = Bookmark;
        var store = new FakeStore { Model = _model, Head = _model.Log.Count, Bookmark = _bookmark };
        _batches = store.Batches;
        return store;
    }

    /// <summary>As it is now, for another hub.</summary>
    public MemoryDisk Copy()
    {
        var copy = new MemoryDisk();
        var batch = new LogBatch(0);
        batch.Events.AddRange(_model.Log);
        copy._model.Append(batch);
        copy._model.Learn(_model.Pours);
        copy._bookmark = Bookmark;
        return copy;
    }
}
