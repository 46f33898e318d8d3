using System.Reflection;
using BeerTap.Server.Replication;

namespace BeerTap.Server.Tests.Hosting;

/// <summary>
/// Counts the hub's own async methods that were begun and have not ended, from the list that the runtime keeps of them for debuggers
/// ("Parallel Tasks"). The switch and the list are private to the runtime: where a later one has them no more, nothing is counted.
/// </summary>
/// <remarks>The list also holds on to tasks that nobody waits for any more, so memory is not to be measured while it is kept.</remarks>
internal sealed class LiveTasks : IDisposable
{
    private const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Static;

    private readonly FieldInfo? _switch = typeof(Task).GetField("s_asyncDebuggingEnabled", Hidden);
    private readonly FieldInfo? _list = typeof(Task).GetField("s_currentActiveTasks", Hidden);

    public LiveTasks() => _switch?.SetValue(null, true);

    public bool AreCounted => _switch is not null && _list is not null;

    /// <summary>The methods that are under way, by name, with how often.</summary>
    public SortedDictionary<string, int> Count()
    {
        var methods = new SortedDictionary<string, int>(StringComparer.Ordinal);
        if (_list?.GetValue(null) is not Dictionary<int, Task> list) return methods;
        List<Task> tasks;
        lock (list) tasks = [.. list.Values];
        foreach (var task in tasks.Where(task => !task.IsCompleted))
        {
            // The box around an async method's state is generic over it, and the state's type bears the method's name.
            var state = task.GetType().GetGenericArguments().LastOrDefault();
            if (state?.Assembly != typeof(Program).Assembly) continue;

            // What keeps a shared log goes round by the clock, whoever listens.
            if (state.Namespace == typeof(LogConnection).Namespace) continue;

            // The server always waits for the next connection.
            if (state.DeclaringType?.DeclaringType == typeof(BeerTap.Server.Hosting.GatedTransport)) continue;
            methods[state.FullName!] = methods.GetValueOrDefault(state.FullName!) + 1;
        }

        return methods;
    }

    public void Dispose()
    {
        _switch?.SetValue(null, false);
        if (_list?.GetValue(null) is not Dictionary<int, Task> list) return;
        lock (list) list.Clear();
    }
}
