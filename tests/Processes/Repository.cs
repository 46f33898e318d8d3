namespace BeerTap.Processes;

/// <summary>The repository, above the program.</summary>
internal static class Repository
{
    public static string File(params string[] path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Combine([folder.FullName, .. path]) is var file && System.IO.File.Exists(file)) return file;
        }

        throw new FileNotFoundException($"{string.Join('/', path)} is not above {AppContext.BaseDirectory}.");
    }
}
