using LiteDB;
using LiteDB.Engine;

namespace BeerTap.Server.Storage;

/// <summary>The few shapes of query the store needs, each of them one seek or walk of an index.</summary>
internal static class LiteDbQueries
{
    private const string Id = "$._id";

    /// <summary>The walk keys of live beers; a document without them is in no walk.</summary>
    public const string WalkKeys = "$.k[*]";

    public static BsonDocument? Find(this LiteEngine engine, string collection, BsonValue id) =>
        engine.Read(collection, BsonExpression.Create($"{Id} = @0", id)).FirstOrDefault();

    public static BsonDocument? Last(this LiteEngine engine, string collection) =>
        engine.Read(collection, null, Id, Query.Descending).FirstOrDefault();

    public static IEnumerable<BsonDocument> All(this LiteEngine engine, string collection) => engine.Read(collection, null, Id);

    public static IEnumerable<BsonDocument> Between(this LiteEngine engine, string collection, BsonValue first, BsonValue last) =>
        engine.Read(collection, BsonExpression.Create($"{Id} BETWEEN @0 AND @1", first, last), Id);

    public static IEnumerable<BsonDocument> Walk(this LiteEngine engine, BsonValue first, BsonValue last, bool descending) => engine.Read(
        LiteDbDocuments.Log,
        BsonExpression.Create($"{WalkKeys} ANY BETWEEN @0 AND @1", first, last),
        WalkKeys,
        descending ? Query.Descending : Query.Ascending);

    private static IEnumerable<BsonDocument> Read(
        this LiteEngine engine, string collection, BsonExpression? where, string? orderBy = null, int order = Query.Ascending)
    {
        var query = new Query { Order = order };
        if (where is not null) query.Where.Add(where);
        if (orderBy is not null) query.OrderBy = BsonExpression.Create(orderBy);
        using var rows = engine.Query(collection, query);
        while (rows.Read()) yield return rows.Current.AsDocument;
    }
}
