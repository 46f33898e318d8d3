using LiteDB;

namespace BeerTap.Server.Storage;

/// <summary>What the LiteDB store is made with, and its version.</summary>
internal static class LiteDbSchema
{
    /// <summary>Kept in the file; a newer file is refused rather than misread.</summary>
    private const int Version = 1;

    /// <summary>The name of what whoever orders the log left with the last batch.</summary>
    public const string BookmarkName = "bookmark";

    private const string VersionName = "schema", EpochName = "epoch";

    /// <summary>Opens or makes the collections; gives the epoch.</summary>
    public static string Open(LiteDbFiles files, string epochOfNew)
    {
        var version = files.Engine.Find(LiteDbDocuments.Meta, VersionName)?["v"].AsInt32 ?? 0;
        if (version > Version)
        {
            throw new StoreException(
                $"The store was made by a newer BeerTap (schema {version}, this one knows {Version}). Run the newer version; nothing was changed.");
        }

        if (version == 0 && files.Engine.Last(LiteDbDocuments.Log) is null) files.Commit(() => Make(files, epochOfNew));
        return files.Engine.Find(LiteDbDocuments.Meta, EpochName)?["v"].AsString
            ?? throw new StoreException("The store has no epoch: it is damaged. Restore a backup; nothing was changed.");
    }

    private static void Make(LiteDbFiles files, string epoch)
    {
        files.Engine.EnsureIndex(LiteDbDocuments.Log, "walks", BsonExpression.Create(LiteDbQueries.WalkKeys), unique: false);
        BsonDocument[] meta =
        [
            new() { ["_id"] = VersionName, ["v"] = Version },
            new() { ["_id"] = EpochName, ["v"] = epoch },
        ];
        files.Engine.Insert(LiteDbDocuments.Meta, meta, BsonAutoId.ObjectId);
    }
}
