using BeerTap.Server.Hosting;

namespace BeerTap.Server.Beers;

/// <summary>Writes beers as JSON, as they stand in answers and in events.</summary>
internal static class BeerJson
{
    /// <summary>What a beer may take at most: a glass type of 32 characters, each escaped, and the longest numbers.</summary>
    public const int MostBytes = 448;

    /// <summary>Writes <c>{"id","type","volume","timestamp","tapId","pouredAtClaimed"?}</c>.</summary>
    public static void Put(this ref JsonText json, Beer beer)
    {
        json.Put("{\"id\":"u8);
        json.Put(beer.Id);
        json.Put(",\"type\":"u8);
        json.PutName(beer.Type);
        json.Put(",\"volume\":"u8);
        json.Put(beer.Volume);
        json.Put(",\"timestamp\":"u8);
        json.Put(beer.Timestamp);
        json.Put(",\"tapId\":"u8);
        json.Put(beer.TapId);
        if (beer.PouredAtClaimed is { } claimed)
        {
            json.Put(",\"pouredAtClaimed\":"u8);
            json.Put(claimed);
        }

        json.Put("}"u8);
    }
}
