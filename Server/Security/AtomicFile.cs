namespace BeerTap.Server.Security;

/// <summary>Replaces a small file whole: a reader, and a start after a power cut, finds the old content or the new, never a part.</summary>
internal static class AtomicFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };

        // Hashes are no secrets, but who has which key is nobody else's business.
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var draft = path + ".new";

        // One that was left behind by a kill would keep the permissions it has.
        File.Delete(draft);
        try
        {
            using (var file = new FileStream(draft, options))
            {
                file.Write(content);
                file.Flush();
                Disk.Flush(file.SafeFileHandle);
            }

            // Without a flushed name a power cut could bring the old content back, and with it a key that was revoked.
            Disk.Rename(draft, path, overwrite: true);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>The file's bytes, or null when there is none.</summary>
    public static byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
