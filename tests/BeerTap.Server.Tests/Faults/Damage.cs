namespace BeerTap.Server.Tests.Faults;

/// <summary>Something done to one file of a store.</summary>
internal static class Damage
{
    private const int Page = 4096, Sector = 512;

    /// <summary>Damages one file of a folder at random; says what was done, or null when it left every byte as it was.</summary>
    public static string? Do(string folder, Random random)
    {
        var files = Directory.GetFiles(folder).Where(IsKept).Order(StringComparer.Ordinal).ToArray();
        var file = files[random.Next(files.Length)];
        var before = File.ReadAllBytes(file);
        var (what, after) = Change(before, random);
        if (after is null) File.Delete(file);
        else if (after.AsSpan().SequenceEqual(before)) return null;
        else File.WriteAllBytes(file, after);
        return $"{Path.GetFileName(file)} ({before.Length} bytes): {what}";
    }

    /// <summary>Whether a file must outlast a stop; a lock is empty and SQLite's shared memory is made anew.</summary>
    public static bool IsKept(string path) => !path.EndsWith(".lock", StringComparison.Ordinal) && !path.EndsWith("-shm", StringComparison.Ordinal);

    /// <summary>The kept files of a folder, those without a byte left out.</summary>
    public static Dictionary<string, string> Fingerprint(string folder) => Directory.GetFiles(folder)
        .Where(path => IsKept(path) && new FileInfo(path).Length > 0)
        .ToDictionary(path => Path.GetFileName(path), path => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));

    private static (string What, byte[]? After) Change(byte[] before, Random random)
    {
        var bytes = (byte[])before.Clone();
        var at = bytes.Length == 0 ? 0 : random.Next(bytes.Length);
        switch (random.Next(10))
        {
            case 0:
                return ($"cut to {at} bytes", bytes[..at]);
            case 1:
                var pages = bytes.Length / Page * Page;
                at = pages == 0 ? 0 : random.Next(pages / Page) * Page;
                return ($"cut to {at} bytes, whole pages", bytes[..at]);
            case 2:
                return random.Next(4) == 0 ? ("deleted", null) : ("cut to nothing", []);
            case 3:
                var start = at / Page * Page;
                bytes.AsSpan(start, Math.Min(Page, bytes.Length - start)).Clear();
                return ($"a page of zeros at {start}", bytes);
            case 4:
                start = at / Sector * Sector;
                random.NextBytes(bytes.AsSpan(start, Math.Min(Sector, bytes.Length - start)));
                return ($"a sector of noise at {start}", bytes);
            case 5 when bytes.Length >= 2 * Page:
                var (one, other) = (random.Next(bytes.Length / Page) * Page, random.Next(bytes.Length / Page) * Page);
                before.AsSpan(one, Page).CopyTo(bytes.AsSpan(other));
                return ($"the page at {one} copied over the one at {other}", bytes);
            case 6:
                var garbage = new byte[random.Next(1, 10_000)];
                random.NextBytes(garbage);
                return ($"{garbage.Length} bytes of noise in its place", garbage);
            default:
                var flips = random.Next(1, 9);
                if (bytes.Length == 0) return ("nothing to flip", bytes);
                for (var flip = 0; flip < flips; flip++) bytes[flip == 0 ? at : random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return ($"{flips} bits flipped, the first at {at}", bytes);
        }
    }
}
