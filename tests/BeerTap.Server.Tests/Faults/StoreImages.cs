using BeerTap.Server.Storage;

namespace BeerTap.Server.Tests.Faults;

/// <summary>The files of one store as a kill or a stop at several moments of one history would leave them.</summary>
internal sealed class StoreImages : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("beertap-images-");

    public StoreImages(string provider, Random random)
    {
        var live = Path.Combine(_root.FullName, "live");
        var options = new StorageOptions { Path = live, Provider = provider };
        using (var store = Registration.Open(options))
        {
            // What a killed process wrote is what other processes read: a copy of the open files is the image of a kill.
            History.Fill(store, random, batches: 1, mostPerBatch: 3);
            Keep("killed at the first pours", live, store);
            History.Fill(store, random, batches: 60, mostPerBatch: 20);
            Keep("killed with a short log", live, store);
            History.Fill(store, random, batches: 120, mostPerBatch: 12);
            Keep("killed after a checkpoint", live, store);
        }

        using (var store = Registration.Open(options)) Keep("stopped, then started", live, store);
        Keep("stopped", live, null);
    }

    public History History { get; } = new();

    public List<Image> All { get; } = [];

    public static Copy CopyOf(Image image)
    {
        var copy = new Copy(Directory.CreateTempSubdirectory("beertap-damaged-").FullName);
        CopyFiles(image.Folder, copy.Path);
        return copy;
    }

    public void Dispose() => _root.Delete(recursive: true);

    private void Keep(string name, string live, IBeerStore? store)
    {
        var folder = _root.CreateSubdirectory(name).FullName;
        CopyFiles(live, folder);
        All.Add(new Image(name, folder, store?.Epoch ?? All[^1].Epoch, History.Events.Count));
    }

    private static void CopyFiles(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from).Where(Damage.IsKept))
        {
            using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var target = File.Create(Path.Combine(to, Path.GetFileName(file)));
            source.CopyTo(target);
        }
    }

    internal sealed record Image(string Name, string Folder, string Epoch, long Head);

    /// <summary>A folder of its own for one case.</summary>
    internal sealed record Copy(string Path) : IDisposable
    {
        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
