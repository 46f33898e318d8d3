using System.Text.Json;
using BeerTap.Server.Live;

namespace BeerTap.Server.Beers;

/// <summary>Represents what a pour of a file has beside what a tap posts: the position, glass type and claimed time that an export writes.</summary>
/// <param name="idOf">The id of a pour that names none, from the position that it names.</param>
internal sealed class FileFields(Func<Position?, string?> idOf)
{
    private const int LongestType = 32;
    private const char NotUnicode = '\uFFFD';

    public Position? Position { get; private set; }

    public string? Type { get; private set; }

    public DateTime? Claimed { get; private set; }

    /// <summary>Whether a hub stored this beer: then its time and glass type are taken as they are, though clock or glasses may have been others.</summary>
    public bool WasStored => Position is not null;

    /// <summary>Whether the pour has no other id than its position.</summary>
    public bool IsKnownByPosition { get; private set; }

    public static (PourReader.Field Field, string Name) FieldOf(ref Utf8JsonReader reader) =>
        PourReader.IsName(ref reader, "position"u8) ? (PourReader.Field.Position, "position")
        : PourReader.IsName(ref reader, "type"u8) ? (PourReader.Field.Type, "type")
        : PourReader.IsName(ref reader, "pouredAtClaimed"u8) ? (PourReader.Field.Claimed, "pouredAtClaimed")
        : (PourReader.Field.None, "");

    public void Read(PourReader.Field field, string name, ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType == JsonTokenType.Null) return;
        switch (field)
        {
            case PourReader.Field.Position:
                if (PourReader.TextOf(ref reader) is { } text && Live.Position.TryParse(text, out var position)) Position = position;
                else errors.Add(name, "must be one as an event gave it, such as k3x9q2ab-42.");
                break;
            case PourReader.Field.Type:
                Type = PourReader.TextOf(ref reader);
                if (Type is not { Length: > 0 and <= LongestType } || Type.Any(char.IsControl) || Type.Contains(NotUnicode, StringComparison.Ordinal))
                {
                    errors.Add(name, "must be 1 to 32 printable characters.");
                }

                break;
            default:
                Claimed = PourReader.ReadTime(ref reader, errors, name);
                break;
        }
    }

    /// <summary>The pour's id; says what else is missing.</summary>
    public string? Complete(string? pourId, DateTime? pouredAt, FieldErrors errors)
    {
        // A pour that is posted was poured now; one of a file was not.
        if (pouredAt is null && !errors.Has("pouredAt")) errors.Add("pouredAt", "is required; it " + Instant.Expected);
        IsKnownByPosition = pourId is null;
        pourId ??= idOf(Position);
        if (pourId is null && !errors.Has("pourId")) errors.Add("pourId", "is not there, nor a position, so a second import could not know the pour again; name the file with --source=NAME.");
        else if (pourId?.Contains(NotUnicode, StringComparison.Ordinal) == true) errors.Add("pourId", "is not valid UTF-8.");
        return pourId;
    }
}
