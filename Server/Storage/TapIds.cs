namespace BeerTap.Server.Storage;

/// <summary>Tap ids in order: adding one and finding a page cost the logarithm of their number, however many there are.</summary>
/// <remarks>Not safe for several threads; its owner guards it.</remarks>
internal sealed class TapIds
{
    private readonly SortedSet<int> _ids = [];

    public int Count => _ids.Count;

    public void Add(int tapId) => _ids.Add(tapId);

    public void Remove(int tapId) => _ids.Remove(tapId);

    /// <summary>The ids that follow <paramref name="after"/>, at most <paramref name="limit"/> of them.</summary>
    public IEnumerable<int> After(int after, int limit) =>
        after == int.MaxValue ? [] : _ids.GetViewBetween(after + 1, int.MaxValue).Take(limit);
}
