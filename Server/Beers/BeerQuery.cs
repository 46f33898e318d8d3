using System.Globalization;
using BeerTap.Server.Storage;

namespace BeerTap.Server.Beers;

/// <summary>What <c>GET /api/beers</c> asks for.</summary>
internal sealed record BeerQuery(BeerFilter Filter, long Page, int PageSize, bool Descending, long? AfterId)
{
    public const int DefaultPageSize = 50, MostPageSize = 500;

    /// <summary>The fields that say where in the list a page is; the others are the filter, which stays.</summary>
    private static readonly string[] Walking = ["page", "page_size", "after_id"];

    public PageCut Cut => new(PageSize, Descending, AfterId, AfterId is null ? (Page - 1) * PageSize : 0);

    public static (BeerQuery? Query, Problem? Refusal) Read(HttpRequest http, GlassTypes glasses, Totals totals)
    {
        var errors = new FieldErrors();
        var page = QueryFields.Whole(http, "page", 1, int.MaxValue, errors) ?? 1;
        var pageSize = (int)(QueryFields.Whole(http, "page_size", 1, MostPageSize, errors) ?? DefaultPageSize);
        var type = QueryFields.Single(http, "type", errors);
        if (type is not null && !glasses.Names.Contains(type) && !totals.Knows(type))
            errors.Add("type", $"must be a glass type: {string.Join(", ", glasses.Names)}.");
        var tapId = QueryFields.TapId(http, errors);
        var from = QueryFields.Time(http, "from", errors);
        var to = QueryFields.Time(http, "to", errors);
        if (from >= to) errors.Add("to", "must be later than from; from is included, to is not.");
        var order = QueryFields.Single(http, "order", errors);
        if (order is not (null or "asc" or "desc")) errors.Add("order", "must be asc (oldest first) or desc.");
        var afterId = QueryFields.Whole(http, "after_id", 0, long.MaxValue, errors);

        return errors.Any
            ? (null, errors.ToProblem())
            : (new BeerQuery(new BeerFilter(type, tapId, from, to), page, pageSize, order == "desc", afterId), null);
    }

    /// <summary>The address of the page behind this one, by key: it costs the same on the last page as on the first.</summary>
    public string NextLink(HttpRequest http, long lastId)
    {
        var query = new QueryString();
        foreach (var (name, value) in http.Query)
        {
            // Only what filters: nothing else that a caller put into its address goes back out.
            if (name is "type" or "tapId" or "from" or "to" or "order" && value.Count == 1) query = query.Add(name, value[0]!);
        }

        query = query
            .Add("page", (Page + 1).ToString(CultureInfo.InvariantCulture))
            .Add("page_size", PageSize.ToString(CultureInfo.InvariantCulture))
            .Add("after_id", lastId.ToString(CultureInfo.InvariantCulture));
        return $"<{http.Path}{query}>; rel=\"next\"";
    }
}
