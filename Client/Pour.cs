using System.Text.Json.Serialization;

namespace BeerTap.Client;

/// <summary>One pour as a tap measured it, and as it goes over the wire and into the spool.</summary>
/// <param name="TapId">The tap that measured it, 1 or more.</param>
/// <param name="Volume">Millilitres, one decimal.</param>
/// <param name="PourId">The tap's own id for this pour: the hub takes it once, however often it is sent.</param>
/// <param name="PouredAt">When it was measured, UTC; null once a hub has refused the time.</param>
internal sealed record Pour(int TapId, decimal Volume, string PourId, DateTime? PouredAt);

internal sealed record PourBatch(IReadOnlyList<Pour> Beers);

internal sealed record Beer(long Id, string Type, decimal Volume, DateTimeOffset Timestamp, long TapId);

internal sealed record BeerAnswer(Beer? Beer);

internal sealed record BatchAnswer(IReadOnlyList<BatchItem>? Results);

internal sealed record BatchItem(int Status, Beer? Beer, Problem? Problem);

/// <summary>RFC 9457 problem details, as far as a tap has something to say about them.</summary>
internal sealed record Problem(string? Title, string? Detail, IReadOnlyDictionary<string, string[]>? Errors)
{
    /// <summary>Whether the hub refuses the pour's time, and perhaps nothing else.</summary>
    public bool NamesTime => Errors?.ContainsKey("pouredAt") == true;

    public override string ToString()
    {
        var fields = Errors?.SelectMany(error => error.Value.Select(text => $"{error.Key}: {text}")) ?? [];
        var words = new[] { Title, Detail }.OfType<string>().Concat(fields);
        return string.Join("; ", words.Distinct());
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Pour))]
[JsonSerializable(typeof(PourBatch))]
[JsonSerializable(typeof(BeerAnswer))]
[JsonSerializable(typeof(BatchAnswer))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(FeedEvent))]
[JsonSerializable(typeof(CountedEvent))]
[JsonSerializable(typeof(EventHead))]
[JsonSerializable(typeof(SpoolRecord))]
[JsonSerializable(typeof(RejectedPour))]
[JsonSerializable(typeof(TapsAnswer))]
internal sealed partial class ClientJson : JsonSerializerContext;
