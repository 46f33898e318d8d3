using System.Text.Json.Nodes;

namespace BeerTap.Stress.Fuzz;

/// <summary>
/// The pours of one block by tap and pour id, which are posted one behind the other: the second of the same is a replay. An id that another block
/// could come upon as well, after a fault was put into it, may be known to the hub before this block knows it.
/// </summary>
internal sealed class KnownPours(Ledger ledger)
{
    private readonly Dictionary<(int, string), (long Id, double Volume)> _known = [];

    /// <summary>What is wrong with the answer to a good pour, or null.</summary>
    public string? Judge(PourModel pour, int status, JsonObject? beer)
    {
        if (status is not (200 or 201 or 409)) return "a good pour was refused";
        var knows = _known.TryGetValue((pour.TapId, pour.PourId ?? ""), out var known) && pour.PourId is not null;
        if (status == 409) return pour.PourId is null || (knows && known.Volume == pour.Volume) ? "a conflict with nothing" : null;
        var id = (long)beer!["id"]!;
        if ((int)beer["tapId"]! != pour.TapId || (double)beer["volume"]! != pour.Volume) return "the beer is of another tap or volume";
        if (pour.PouredAt is { } at && status == 201)
        {
            var kept = beer[PourModel.IsPourTime(at - at % TimeSpan.TicksPerMillisecond) ? "timestamp" : "pouredAtClaimed"];
            if (kept is null || ((DateTime)kept).ToUniversalTime().Ticks != at - at % TimeSpan.TicksPerMillisecond) return "the beer is of another time";
        }

        if ((string?)beer["type"] != (pour.Volume <= 300 ? "half" : pour.Volume <= 800 ? "pint" : "stein")) return "the beer is in another glass";
        if (knows) return status == 201 ? "a replay was stored again" : known != (id, pour.Volume) ? "a replay gave another beer" : null;
        if (pour.PourId is { } pourId) _known[(pour.TapId, pourId)] = (id, pour.Volume);
        if (status == 201) return ledger.Made(id, pour.TapId, pour.Volume);
        return pour.PourId is null ? "a replay of nothing" : null;
    }
}
