namespace BeerTap.Server.Storage;

/// <summary>
/// The note that a restore is under way: <c>beertap.restoring</c>. While it is there the folder's files may be those of two stores or of none, so
/// no hub and no command uses them. Its text is the name of the folder in which the earlier files are kept; it is empty when there were none.
/// </summary>
internal sealed class UnfinishedRestore
{
    private const string FileName = "beertap.restoring";

    private readonly StoreFolder _folder;

    private UnfinishedRestore(StoreFolder folder, string keptIn) => (_folder, KeptIn) = (folder, keptIn);

    /// <summary>The name of the folder for the earlier files, within the store's; empty when there were none.</summary>
    public string KeptIn { get; }

    /// <exception cref="StoreException">A restore was cut short.</exception>
    public static void Refuse(string folder)
    {
        if (!File.Exists(Path.Combine(folder, FileName))) return;
        var kept = Read(folder);
        var files = kept.Length == 0 ? "" : $" The files that were there before are in {Path.Combine(folder, kept)}, or still in their place.";
        throw new StoreException($"A restore into {folder} was cut short. Run the same 'restore' again, which ends it.{files} Nothing was changed.");
    }

    /// <summary>The restore that was cut short in this folder; null when there was none.</summary>
    public static UnfinishedRestore? Find(StoreFolder folder) =>
        File.Exists(folder.File(FileName)) ? new UnfinishedRestore(folder, Read(folder.Path)) : null;

    /// <summary>Begins one: from here on the folder is of no use before it is ended.</summary>
    public static UnfinishedRestore Begin(StoreFolder folder, bool keeps)
    {
        var number = 1;
        while (keeps && Directory.Exists(folder.File($"replaced-{number}"))) number++;
        var keptIn = keeps ? $"replaced-{number}" : "";
        var note = folder.File(FileName);

        // Under a name that does not count as a file of a store.
        var draft = folder.File("restoring.new");
        File.WriteAllText(draft, keptIn);
        Disk.FlushFile(draft);
        Disk.Rename(draft, note, overwrite: true);
        return new UnfinishedRestore(folder, keptIn);
    }

    /// <summary>
    /// Moves the earlier files to where they are kept. Done again after a kill, it moves what is left: a file whose name is there already is one
    /// that the restore made.
    /// </summary>
    public void KeepFiles()
    {
        var aside = KeptIn.Length == 0 ? null : Directory.CreateDirectory(_folder.File(KeptIn)).FullName;
        foreach (var path in Directory.GetFiles(_folder.Path))
        {
            var name = Path.GetFileName(path);
            if (!StoreFolder.IsOfAStore(name) || name.StartsWith(FileName, StringComparison.Ordinal)) continue;
            if (aside is null || File.Exists(Path.Combine(aside, name))) File.Delete(path);
            else File.Move(path, Path.Combine(aside, name));
        }

        if (aside is not null) Disk.FlushFolder(aside);
        _folder.FlushNames();
    }

    /// <summary>
    /// The restored store is whole and in its place. This is the last step, so that a kill leaves a restore that is either done or under way. The hub's
    /// first commit flushes the folder; a power cut before that may bring the note back, and then the restore is run again.
    /// </summary>
    public void End() => File.Delete(_folder.File(FileName));

    private static string Read(string folder) => File.ReadAllText(Path.Combine(folder, FileName)).Trim();
}
