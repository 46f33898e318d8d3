using System.Text.Json;
using System.Text.Json.Serialization;

namespace BeerTap.Server.Replication;

/// <summary>
/// What a hub says of itself to the others: that it is there, and which taps came to it and went since its last word. Now and then, and when somebody
/// asks, it lists all of them, in as many words as it takes.
/// </summary>
/// <param name="V">The version: a word of another one is passed over.</param>
/// <param name="Hub">What the hub is called.</param>
/// <param name="Start">A random name that is new with each of its starts.</param>
/// <param name="N">Counts its words from 1, so that the others notice when one was lost.</param>
/// <param name="Offset">The last entry of the log that it has applied; -1 before the first.</param>
/// <param name="Came">Taps that came; in a list, taps that are there.</param>
/// <param name="Went">Taps that went.</param>
/// <param name="Begins">A list begins with this word.</param>
/// <param name="Ends">A list ends with this word: taps that were not in it are not there.</param>
/// <param name="Asks">All others are to list theirs.</param>
/// <param name="Leaves">It stops.</param>
internal sealed record PresenceWord(
    int V, string Hub, string Start, long N, long Offset, IReadOnlyList<int>? Came = null, IReadOnlyList<int>? Went = null, bool Begins = false, bool Ends = false, bool Asks = false, bool Leaves = false)
{
    public const int Version = 1;

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, PresenceWordContext.Default.PresenceWord);

    /// <summary>Null for what is no word of this version: who is connected is not worth more than to do without.</summary>
    public static PresenceWord? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, PresenceWordContext.Default.PresenceWord) is { V: Version, Hub: not null, Start: not null } word ? word : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(PresenceWord))]
internal sealed partial class PresenceWordContext : JsonSerializerContext;
