/** Starts the dashboard: one query cache, one router, into #app. */
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { z } from 'zod';
import { makeQueryClient } from './api/query-client.ts';
import { makeRouter } from './router.tsx';
import { applyTheme, readTheme } from './ui/theme.ts';
import './styles.css';

// The page's policy has no 'unsafe-eval'; the parser is told so rather than left to try.
z.config({ jitless: true });

applyTheme(readTheme());

const queryClient = makeQueryClient((next) => {
  void router.navigate({ to: '/sign-in', search: { next } });
});
const router = makeRouter(queryClient);

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no #app');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
