using BeerTap.Server.Beers;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Storage;

/// <summary>A store in a folder of its own, which is gone after the test; it can be closed and opened again.</summary>
internal sealed class StoreUnderTest : IDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly Func<StoreFolder, IBeerStore> _open;
    private IBeerStore? _store;
    private long _head;

    /// <param name="folder">One that is there already; otherwise one is made.</param>
    public StoreUnderTest(Func<StoreFolder, IBeerStore> open, string? folder = null) =>
        (_open, _folder) = (open, folder is null ? Directory.CreateTempSubdirectory("beertap-store-") : new DirectoryInfo(folder));

    public IBeerStore Store => _store ??= OpenIn(_folder.FullName);

    public string Folder => _folder.FullName;

    /// <summary>The position after the last batch that was appended here.</summary>
    public long Head => _head;

    public static DateTime Noon { get; } = new(2026, 6, 1, 12, 0, 0, DateTimeKind.Utc);

    public static PourBeer Pour(int tapId = 1, string type = "pint", double volume = 500, DateTime? at = null, string? pourId = null) =>
        new(tapId, type, volume, at ?? Noon, pourId);

    public void Close()
    {
        _store?.Dispose();
        _store = null;
    }

    public IBeerStore Reopen()
    {
        Close();
        return Store;
    }

    public IBeerStore OpenIn(string folder)
    {
        var held = StoreFolder.Hold(folder);
        try
        {
            return _open(held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Appends pours in one batch.</summary>
    public IReadOnlyList<Beer> Append(params PourBeer[] pours)
    {
        var batch = new LogBatch(_head);
        var beers = Array.ConvertAll(pours, batch.Pour);
        Append(batch);
        return beers;
    }

    /// <summary>Appends deletions in one batch.</summary>
    public void Delete(params Beer[] beers)
    {
        var batch = new LogBatch(_head);
        foreach (var beer in beers) batch.Delete(beer, Noon.AddDays(1));
        Append(batch);
    }

    public void Append(LogBatch batch)
    {
        Store.Append(batch);
        _head = batch.Head;
    }

    public void Dispose()
    {
        Close();
        if (Directory.Exists(Folder)) _folder.Delete(recursive: true);
    }
}
